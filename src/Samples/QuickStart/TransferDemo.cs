using System.Text.Json;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>The story: one transfer that succeeds, one that is rolled back.</summary>
internal sealed class TransferDemo(Bank bank, BranchService branch, Coordinator coordinator, Narrator narrator)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static async Task<int> Run(Uri? server)
    {
        var directory = Directory.CreateTempSubdirectory("orleansdtm-quickstart-");
        try
        {
            return await Run(server, directory.FullName);
        }
        catch (Exception e) when (e is DemoException or HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"The demo could not be finished: {e.Message}");
            return 1;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<int> Run(Uri? server, string directory)
    {
        var bank = new Bank(Path.Combine(directory, "bank.db"));
        bank.Open();
        var narrator = new Narrator();
        await using var branch = await BranchService.Start(bank, narrator);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(branch.Stopping);
        stop.CancelAfter(Limit);
        await using var coordinator = await Coordinator.Find(server, directory, stop.Token);
        Console.WriteLine($"Bank service  {branch.Url}");
        return await new TransferDemo(bank, branch, coordinator, narrator).Run(stop.Token);
    }

    private async Task<int> Run(CancellationToken stop)
    {
        var first = await Transfer("1. A sends 30 to B", "succeed", stop);
        first &= Expect(70, 130);
        bank.Freeze("B");
        var second = await Transfer("2. A sends 30 to B, but B is frozen: everything is rolled back", "failed", stop);
        second &= Expect(70, 130);
        Console.WriteLine();
        Console.WriteLine(first && second
            ? "All is right: the first transfer went through, the second left no trace in the balances."
            : "Something is WRONG, see above.");
        return first && second ? 0 : 1;
    }

    private async Task<bool> Transfer(string title, string expected, CancellationToken stop)
    {
        var gid = await coordinator.NewGid(stop);
        narrator.Begin(title);
        Console.WriteLine($"  Balances before: {Balances()}");
        narrator.Say($"submit saga {gid}");
        var (status, body) = await coordinator.Submit(Saga(gid, 30), stop);
        narrator.Say($"the submit is answered {(int)status} {body}");
        var outcome = await coordinator.Outcome(gid, stop);
        Narrator.Timeline(outcome);
        Console.WriteLine();
        Console.WriteLine($"  Balances after:  {Balances()}");
        var final = outcome.GetProperty("transaction").GetProperty("status").GetString();
        return Check(final == expected, $"status {final}, expected {expected}");
    }

    /// <summary>The whole definition of a saga: what to do, how to undo it, and with what data.</summary>
    private object Saga(string gid, long amount)
    {
        var payload = JsonSerializer.Serialize(new { amount });
        return new
        {
            gid,
            trans_type = "saga",
            steps = new[]
            {
                new { action = $"{branch.Url}TransOut", compensate = $"{branch.Url}TransOutCompensate" },
                new { action = $"{branch.Url}TransIn", compensate = $"{branch.Url}TransInCompensate" },
            },
            payloads = new[] { payload, payload },
            wait_result = true,
        };
    }

    private bool Expect(long a, long b) =>
        Check(bank.Balance("A") == a && bank.Balance("B") == b, $"balances {Balances()}, expected A = {a}, B = {b}");

    private string Balances() => $"A = {bank.Balance("A")}, B = {bank.Balance("B")}";

    private static bool Check(bool right, string what)
    {
        Console.WriteLine($"  [{(right ? "ok" : "WRONG")}] {what}");
        return right;
    }
}
