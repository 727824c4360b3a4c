using System.Diagnostics;
using MySqlConnector;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.WireTests.Samples;

/// <summary>The samples of the SDK, run as processes. Each checks itself and returns an exit code.</summary>
public sealed class SampleProgramTests(DatabaseUnderTest<MariaDbServer> mariaDb)
    : IClassFixture<DatabaseUnderTest<MariaDbServer>>
{
    [Fact]
    public async Task BankTransfer_keeps_every_balance_on_a_bad_network() =>
        Assert.Contains("36 transfers succeeded", await Run("BankTransfer"), StringComparison.Ordinal);

    [Fact]
    public async Task Outbox_stores_and_tells_both_or_neither_whenever_the_shop_dies() =>
        Assert.Contains("the stock did not receive the message: Failed", await Run("Outbox"), StringComparison.Ordinal);

    [Fact]
    public async Task Tcc_confirms_and_cancels() =>
        Assert.Contains("a transfer to C failed", await Run("Tcc"), StringComparison.Ordinal);

    [Fact]
    public async Task Topics_tell_every_subscriber() =>
        Assert.Contains("only the remaining subscriber received", await Run("Topics"), StringComparison.Ordinal);

    [Fact]
    public async Task Workflow_goes_on_where_a_process_died() =>
        Assert.Contains("another instance resumed Cleo's journey", await Run("Workflow"), StringComparison.Ordinal);

    [Fact]
    public async Task Xa_commits_two_databases_together_or_not_at_all() =>
        Assert.Contains(
            "balances: north 70, south 130", await Run("Xa", "mysql", mariaDb.NewDatabase()), StringComparison.Ordinal);

    [Fact]
    public async Task BankTransfer_keeps_every_balance_in_MariaDB_too()
    {
        // The database in the connection string does not exist. The sample creates its own.
        var server = new MySqlConnectionStringBuilder(mariaDb.NewDatabase()) { Database = "" };
        Assert.Contains(
            "36 transfers succeeded", await Run("BankTransfer", server.ConnectionString), StringComparison.Ordinal);
    }

    private static async Task<string> Run(string sample, params string[] arguments)
    {
        // The sample's own build output, because it uses other libraries than the tests.
        var built = AppContext.BaseDirectory.Replace(
            RepositoryRoot.File("tests", "OrleansDtm.WireTests"),
            RepositoryRoot.File("src", "Samples", sample),
            StringComparison.Ordinal);
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [Path.Combine(built, sample + ".dll"), .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{output}\n{await errors}");
        return output;
    }
}
