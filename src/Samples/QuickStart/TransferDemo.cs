using OrleansDtm.Client;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>One transfer that succeeds, and one that is rolled back.</summary>
internal sealed class TransferDemo(IDtm dtm, string bankUrl, Bank bank, Narrator narrator)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static async Task<int> Run(Uri? server)
    {
        var directory = Directory.CreateTempSubdirectory("orleansdtm-quickstart-");
        try
        {
            return await Run(server, directory.FullName);
        }
        catch (Exception e) when (e is DemoException or DtmException or TimeoutException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"The demo failed: {e.Message}");
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
        await bank.Open();
        var narrator = new Narrator();
        await using var coordinator = await Coordinator.Find(server, directory);
        await using var service = await BranchService.Start(bank, narrator, coordinator.Url);
        var url = service.Urls.First();
        Console.WriteLine($"Bank service  {url}");

        // Signals Ctrl-C too, which the host handles.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(service.Lifetime.ApplicationStopping);
        stop.CancelAfter(Limit);
        return await new TransferDemo(service.Services.GetRequiredService<IDtm>(), url, bank, narrator).Run(stop.Token);
    }

    private async Task<int> Run(CancellationToken stop)
    {
        var first = await Transfer("1. A sends 30 to B", GlobalStatus.Succeeded, stop);
        await bank.FreezeB();
        var second = await Transfer(
            "2. A sends 30 to B, but B is frozen: everything is rolled back", GlobalStatus.Failed, stop);
        Console.WriteLine();
        Console.WriteLine(first && second
            ? "All is right: the first transfer succeeded, the second did not change the balances."
            : "Something is WRONG, see above.");
        return first && second ? 0 : 1;
    }

    private async Task<bool> Transfer(string title, GlobalStatus expected, CancellationToken stop)
    {
        narrator.Begin(title);
        Console.WriteLine($"  Balances before: {await bank.Balances()}");

        // The saga: actions, compensations and payloads.
        var transfer = new Transfer(30);
        var saga = dtm.Saga()
            .Step($"{bankUrl}/TransOut", $"{bankUrl}/TransOutCompensate", transfer)
            .Step($"{bankUrl}/TransIn", $"{bankUrl}/TransInCompensate", transfer);
        narrator.Say($"submit saga {saga.Gid}");
        var result = await saga.SubmitAndWaitAsync(Limit, stop);

        narrator.Say($"it has ended: {result.Status}");
        Narrator.Timeline((await dtm.QueryAsync(saga.Gid, stop))!);
        var balances = await bank.Balances();
        Console.WriteLine();
        Console.WriteLine($"  Balances after:  {balances}");
        return Check(result.Status == expected, $"status {result.Status}, expected {expected}")
            & Check(balances == "A = 70, B = 130", $"balances {balances}, expected A = 70, B = 130");
    }

    private static bool Check(bool right, string what)
    {
        Console.WriteLine($"  [{(right ? "ok" : "WRONG")}] {what}");
        return right;
    }
}
