using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Samples;
using OrleansDtm.Samples.BankTransfer;

const string Help = """
    Transfers between two banks, each with a database of its own, over a network that repeats calls and loses answers.

    usage: dotnet run --project src/Samples/BankTransfer [-- CONNECTION_STRING]

      CONNECTION_STRING   of a MariaDB or MySQL whose user may create databases. Default: two SQLite files.
    """;
if (args is ["--help" or "-h"] or [_, _, ..])
{
    Console.WriteLine(Help);
    return args.Length == 1 ? 0 : 2;
}

return await Stage.Run("Bank transfer: saga and barrier", async stage =>
{
    // The barrier table is in the same database as the accounts, so one local transaction covers both.
    var barrier = new BarrierOptions { Table = "barrier" };
    var north = args is [var server] ? await Bank.InMariaDb(server, "north") : Bank.InSqlite(stage.Directory, "north");
    var south = args is [var same] ? await Bank.InMariaDb(same, "south") : Bank.InSqlite(stage.Directory, "south");
    await north.Open(barrier, "Ada", "Ben");
    await south.Open(barrier, "Cid", "Dora");
    var counters = new Counters();
    var (northUrl, southUrl) = (await Serve(north), await Serve(south));
    var dtm = stage.Dtm();

    // From Ada and Ben to Cid and Dora, concurrently; every tenth to an account that does not exist.
    var results = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Send(new Transfer(
        i % 2 == 0 ? "Ada" : "Ben", i % 10 == 0 ? "nobody" : i % 4 < 2 ? "Cid" : "Dora", i))));

    var moved = Enumerable.Range(1, 40).Where(i => i % 10 != 0).Sum();
    Console.WriteLine(
        $"  {counters.Calls} calls, {counters.Repeated} of them delivered twice, {counters.Lost} responses lost");
    stage.Check(results.Count(result => result.Succeeded) == 36, "36 transfers succeeded");
    stage.Check(
        results.Count(result => result.Status == GlobalStatus.Failed) == 4, "4 to an unknown account were rolled back");
    stage.Check(
        await north.Sum() == 2000 - moved,
        $"the bank in the north holds {await north.Sum()}, which is 2000 less {moved}");
    stage.Check(
        await south.Sum() == 2000 + moved,
        $"the bank in the south holds {await south.Sum()}, which is 2000 and {moved}");

    Task<string> Serve(Bank bank) => stage.Service(
        services => services
            .AddDtmClient(options => options.Barrier = barrier)
            .AddBranches(_ => bank.Connect())
            .AddSingleton(counters)
            .AddHttpClient(),
        app =>
        {
            app.UseMiddleware<BadNetwork>();
            Bank.Map(app);
        });

    Task<TransactionResult> Send(Transfer transfer) => dtm.Saga()
        .Step($"{northUrl}/out", $"{northUrl}/out-undo", transfer)
        .Step($"{southUrl}/in", $"{southUrl}/in-undo", transfer)
        .SubmitAndWaitAsync(TimeSpan.FromSeconds(60), stage.Stop);
});
