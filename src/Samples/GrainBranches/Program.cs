using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Samples.GrainBranches;

// A bank transfer as a saga with grains as branches, submitted without HTTP: one succeeds, one fails at a frozen
// account. The exit code is 0 only if both balances and both results are correct.
var directory = Directory.CreateTempSubdirectory("orleansdtm-grainbranches-");
using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(90));
try
{
    var endpoint = new IPEndPoint(IPAddress.Loopback, Silos.FreePort());
    using var coordinator = Silos.Coordinator(Path.Combine(directory.FullName, "dtm.db"), endpoint);
    await coordinator.StartAsync(stop.Token);
    Narrator.Say($"Coordinator   silo {endpoint}, transactions in a SQLite file");
    using var bank = Silos.Bank(endpoint);
    await bank.StartAsync(stop.Token);
    Narrator.Say($"Bank          joined it with its accounts");
    var right = await Demo.Run(
        bank.Services.GetRequiredService<ITransactions>(),
        bank.Services.GetRequiredService<IGrainFactory>(),
        stop.Token);
    await bank.StopAsync(stop.Token);
    await coordinator.StopAsync(stop.Token);
    return right ? 0 : 1;
}
catch (Exception e) when (e is TransactionException or TimeoutException or OperationCanceledException)
{
    await Console.Error.WriteLineAsync($"The demo failed: {e.Message}");
    return 1;
}
finally
{
    directory.Delete(recursive: true);
}
