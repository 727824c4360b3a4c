using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>
/// Clients that make one transfer after the other and wait for the end of each. A client prefers one silo and uses
/// another one if that does not answer. It retries a submit with the same gid until it is accepted.
/// </summary>
internal sealed class TransferClients(IReadOnlyList<Dtm> silos, string bank, int seed)
{
    private static readonly TimeSpan AcceptLimit = TimeSpan.FromSeconds(40);

    private readonly ConcurrentQueue<Transfer> _transfers = [];
    private readonly ConcurrentQueue<TimeSpan> _answers = [];
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Tally _answered = new();
    private Task _all = Task.CompletedTask;
    private volatile bool _enough;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The transfers that a silo has accepted.</summary>
    public IReadOnlyCollection<Transfer> Transfers => _transfers;

    /// <summary>The texts of requests that had to be repeated.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    public TimeSpan Now => _clock.Elapsed;

    /// <summary>Completes when this many more responses have arrived.</summary>
    public Task Answered(int more) => _answered.Next(more);

    public void Start(int clients) => _all = Task.WhenAll(Enumerable.Range(0, clients).Select(Run));

    /// <summary>Stops the clients after their current transfers.</summary>
    public async Task Stop()
    {
        _enough = true;
        await _all;
    }

    /// <summary>
    /// Returns the time until responses are at least half as frequent as in the half second before the given moment;
    /// null = they never are.
    /// </summary>
    public TimeSpan? BackAfter(TimeSpan moment)
    {
        var window = TimeSpan.FromSeconds(0.5);
        var answers = _answers.ToArray();
        var before = Between(moment - window, moment);
        for (var from = moment; from + window <= Now; from += TimeSpan.FromSeconds(0.1))
        {
            if (Between(from, from + window) >= before / 2)
            {
                return from + window - moment;
            }
        }

        return null;

        int Between(TimeSpan from, TimeSpan to) => answers.Count(a => a >= from && a < to);
    }

    /// <summary>Waits until all transfers are final.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Ends(Dtm silo, TimeSpan within)
    {
        var statuses = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel };
        await Parallel.ForEachAsync(Transfers, options, async (transfer, _) =>
            statuses[transfer.Gid] =
                (string)(await silo.Until(transfer.Gid, within - clock.Elapsed, "succeed", "failed"))["status"]!);
        return statuses;
    }

    private async Task Run(int client)
    {
        var random = new Random(HashCode.Combine(seed, client));
        while (!_enough)
        {
            var transfer = Transfer.Draw(random, SagaBody.NewGid());
            var (tries, last) = (0, "no answer");
            await Poll.Until(
                async () =>
                {
                    (var taken, last) = await TrySubmit(silos[(client + tries++) % silos.Count], transfer);
                    if (!taken)
                    {
                        _failures.Enqueue(last);
                    }

                    return taken;
                },
                AcceptLimit,
                () => $"{transfer.Gid} was not accepted: {last}",
                Cancel);
            _transfers.Enqueue(transfer);
            _answers.Enqueue(Now);
            _answered.Add();
        }
    }

    /// <returns>True if the coordinator has accepted the transfer, and the response's text.</returns>
    private async Task<(bool Taken, string Text)> TrySubmit(Dtm silo, Transfer transfer)
    {
        try
        {
            var answer = await silo.Submit(transfer.Body(bank).With("wait_result", true));

            // 409: it is rolled back, or has ended since the first request. 425: it is in progress.
            Assert.True(answer.Status is 200 or 409 or 425 or >= 500, $"{transfer.Gid}: {answer.Status} {answer.Text}");
            return (answer.Status < 500, $"{answer.Status}: {answer.Text}");
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is TaskCanceledException && !Cancel.IsCancellationRequested))
        {
            // The silo was killed during the request. Only another request tells whether it was accepted.
            return (false, e.Message);
        }
    }
}
