using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>The server is killed repeatedly while it transfers money. Afterwards the total must be unchanged.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Clients = 32;
    private const int TransfersPerRound = 8;

    /// <summary>The number of calls in a round without a kill. The kill happens somewhere within.</summary>
    private const int CallsPerRound = 2 * Clients * TransfersPerRound;

    private static readonly TimeSpan AcceptLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private readonly Tally _accepted = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kills_in_the_middle_of_transfers_lose_nothing_and_do_nothing_twice()
    {
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("CRASH_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : Environment.TickCount;
        var rounds = int.TryParse(
            Environment.GetEnvironmentVariable("CRASH_ROUNDS"), CultureInfo.InvariantCulture, out var wanted)
            ? wanted
            : 10;
        output.WriteLine($"CRASH_SEED={seed}");
        var random = new Random(seed);
        var bank = new Bank();
        await using var service = await Participant.Start(bank.Answer);
        await using var server = await ServerProcess.Start(Cancel, ("RETRY_INTERVAL", "0.2"), ("REQUEST_TIMEOUT", "3"));
        output.WriteLine($"first start: ping after {server.Startup.TotalSeconds:F2} s");
        using var dtm = new Dtm(server, TimeSpan.FromSeconds(5));
        var transfers = new List<Transfer>();
        for (var round = 0; round < rounds; round++)
        {
            var drawn = Enumerable.Range(0, Clients * TransfersPerRound)
                .Select(_ => Transfer.Draw(random, SagaBody.NewGid()))
                .ToList();
            transfers.AddRange(drawn);
            var kill = KillMoment(random, bank);
            var clients = drawn.Chunk(TransfersPerRound).Select(batch => Client(dtm, service.Url, batch)).ToList();
            await kill;
            await server.Kill(Cancel);
            await server.Restart(Cancel);
            output.WriteLine(
                $"kill {round + 1} at call {service.Calls.Count}: ping after {server.Startup.TotalSeconds:F2} s");
            await Task.WhenAll(clients);
        }

        var statuses = await Ends(dtm, transfers);
        var failed = statuses.Values.Count(static s => s == "failed");
        output.WriteLine($"{transfers.Count} transfers, {service.Calls.Count} calls, {failed} failed");
        TransferCheck.AllIsRight(transfers, statuses, bank);
    }

    /// <summary>
    /// Draws a moment and waits for it: a call of a branch, or a response to a submitter. A timeout ends a round
    /// without it.
    /// </summary>
    private async Task KillMoment(Random random, Bank bank)
    {
        var moment = random.Next(2) == 0
            ? bank.Calls.Next(random.Next(1, CallsPerRound))
            : _accepted.Next(random.Next(1, Clients * TransfersPerRound));
        await Task.WhenAny(moment, Poll.Settle(TimeSpan.FromSeconds(2), Cancel));
    }

    private async Task Client(Dtm dtm, string bank, Transfer[] transfers)
    {
        foreach (var transfer in transfers)
        {
            var last = "no answer";
            var tries = 0;
            await Poll.Until(
                async () =>
                {
                    tries++;
                    (var done, last) = await TrySubmit(dtm, transfer, bank, saidBefore: tries > 1);
                    return done;
                },
                AcceptLimit,
                () => $"{transfer.Gid} was not accepted: {last}",
                Cancel);
            _accepted.Add();
        }
    }

    /// <returns>True if the coordinator has accepted the transfer, and the response's text.</returns>
    private static async Task<(bool Done, string Text)> TrySubmit(
        Dtm dtm, Transfer transfer, string bank, bool saidBefore)
    {
        try
        {
            var answer = await dtm.Submit(transfer.Body(bank));
            var text = $"{answer.Status}: {answer.Text}";
            var finished = saidBefore
                && answer.Status == 409
                && answer.Message.Contains("current status", StringComparison.Ordinal);
            Assert.False(answer.Status is >= 400 and < 500 && !finished, $"{transfer.Gid} is refused, {text}");
            return (answer.Status == 200 || finished, text);
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is TaskCanceledException && !Cancel.IsCancellationRequested))
        {
            // The server was killed during the request. Only another request tells whether it was accepted.
            return (false, e.Message);
        }
    }

    /// <summary>Waits until all transfers are final.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> Ends(Dtm dtm, List<Transfer> transfers)
    {
        var statuses = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel };
        await Parallel.ForEachAsync(transfers, options, async (transfer, _) =>
            statuses[transfer.Gid] =
                (string)(await dtm.Until(transfer.Gid, EndLimit - clock.Elapsed, "succeed", "failed"))["status"]!);
        return statuses;
    }
}
