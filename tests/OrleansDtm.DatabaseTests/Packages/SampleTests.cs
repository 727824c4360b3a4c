using MySqlConnector;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.DatabaseTests.Packages;

/// <summary>
/// The samples of the READMEs, built with the packages and run as processes. Each checks itself and returns an exit
/// code.
/// </summary>
[Collection(SharedMariaDb.Name)]
public sealed class SampleTests(PackageFeed feed, DatabaseUnderTest<MariaDbServer> database) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await feed.Ready();

    public ValueTask DisposeAsync() => default;

    [Theory]
    [InlineData("QuickStart", "A = 70, B = 130")]
    [InlineData("GrainBranches", "balances A = 70, B = 130")]
    [InlineData("BankTransfer", "36 transfers succeeded")]
    [InlineData("Outbox", "the stock did not receive the message: Failed")]
    [InlineData("Tcc", "a transfer to C failed")]
    [InlineData("Topics", "only the remaining subscriber received")]
    [InlineData("Trip", "trip.sh does the same with curl")]
    [InlineData("Workflow", "another instance resumed Cleo's journey")]
    [InlineData("TestingSample", "Total: 3, Errors: 0, Failed: 0")]
    public async Task A_sample_does_what_it_says(string sample, string end)
    {
        var output = await Run(sample);
        Assert.Contains(end, output, StringComparison.Ordinal);

        // It ends without errors of the log.
        Assert.DoesNotMatch(@"(?m)^(\S+Z )?(fail|crit): ", output);
    }

    [Fact]
    public async Task Xa_commits_two_databases_together_or_not_at_all() => Assert.Contains(
        "balances: north 70, south 130", await Run("Xa", "mysql", database.NewDatabase()), StringComparison.Ordinal);

    [Fact]
    public async Task BankTransfer_keeps_every_balance_in_MariaDB_too()
    {
        // The database in the connection string does not exist. The sample creates its own.
        var server = new MySqlConnectionStringBuilder(database.NewDatabase()) { Database = "" };
        Assert.Contains(
            "36 transfers succeeded", await Run("BankTransfer", server.ConnectionString), StringComparison.Ordinal);
    }

    private async Task<string> Run(string sample, params string[] arguments) => await PackageFeed.Run(
        Path.Combine(await feed.Samples(), sample, "bin", "Debug", "net10.0", sample), arguments);
}
