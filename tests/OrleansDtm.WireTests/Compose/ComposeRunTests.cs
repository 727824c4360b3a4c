using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MySqlConnector;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Compose;

/// <summary>The services of compose.yaml with their commands and environments, on programs of this machine.</summary>
public sealed class ComposeRunTests(DatabaseUnderTest<MariaDbServer> database)
    : IClassFixture<DatabaseUnderTest<MariaDbServer>>
{
    private readonly ComposeFile _compose = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_bank_moves_money_as_the_README_says()
    {
        var port = await Database();
        await Probe(port);
        await using var server = await ServerProcess.Start(
            Cancel,
            [
                .. _compose.Environment("dtm").Where(static one => one.Key != "ORLEANSDTM_Store__Host")
                    .Select(static one => (one.Key, one.Value)),
                ("ORLEANSDTM_Store__Host", "127.0.0.1"), ("ORLEANSDTM_Store__Port", $"{port}"),
            ]);
        var (home, bank) = (Directory.CreateTempSubdirectory("orleansdtm-bank-"), $"127.0.0.1:{FreePort.Next()}");
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Bank(),
                .. _compose.List("bank", "command").Select(argument => argument
                    .Replace("+:8080", bank, StringComparison.Ordinal)
                    .Replace("bank:8080", bank, StringComparison.Ordinal)
                    .Replace("dtm:36789", new Uri(server.Url).Authority, StringComparison.Ordinal)),
                "--Logging:LogLevel:Default=Warning",
            ])
        {
            WorkingDirectory = home.FullName,
        };
        using var program = Process.Start(start)!;
        try
        {
            await Listens($"http://{bank}/", program);
            var readme = ReadmeCommands.Blocks(Path.Combine(ComposeFile.Folder, "README.md")).First()
                .Split('\n').Where(static line => line.StartsWith("curl", StringComparison.Ordinal))
                .Select(line => line
                    .Replace("localhost:8080", bank, StringComparison.Ordinal)
                    .Replace("localhost:36789", new Uri(server.Url).Authority, StringComparison.Ordinal) + "; echo");

            var said = (await ReadmeCommands.Bash(string.Join('\n', readme))).Split('\n');

            Assert.Equal("Succeeded ", said[0]);
            Assert.StartsWith("Failed ", said[1], StringComparison.Ordinal);
            using var all = JsonDocument.Parse(said[2]);
            Assert.Equal(
                ["failed", "succeed"],
                all.RootElement.GetProperty("transactions").EnumerateArray()
                    .Select(static one => one.GetProperty("status").GetString()));
        }
        finally
        {
            program.Kill();
            await program.WaitForExitAsync(CancellationToken.None);
            home.Delete(recursive: true);
        }
    }

    /// <summary>Makes what the image of MySQL makes of its environment: a database, and a user for it.</summary>
    private async Task<uint> Database()
    {
        var given = _compose.Environment("mysql");
        var root = new MySqlConnectionStringBuilder(database.NewDatabase()) { Database = "mysql" };
        await using var connection = new MySqlConnection(root.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new MySqlCommand(
            $"create database `{given["MYSQL_DATABASE"]}`; "
                + $"create user '{given["MYSQL_USER"]}'@'%' identified by '{given["MYSQL_PASSWORD"]}'; "
                + $"grant all on `{given["MYSQL_DATABASE"]}`.* to '{given["MYSQL_USER"]}'@'%'",
            connection);
        await command.ExecuteNonQueryAsync(Cancel);
        return root.Port;
    }

    /// <summary>The health check of MySQL succeeds on a server, and fails where none listens.</summary>
    private async Task Probe(uint port)
    {
        var test = _compose.List("mysql", "healthcheck", "test").ToArray();
        Assert.Equal("CMD-SHELL", test[0]);
        foreach (var (at, isUp) in new[] { (port, true), ((uint)FreePort.Next(), false) })
        {
            var (exit, output, errors) = await Script.Try(
                "sh",
                ["-c", test[1]],
                ("MYSQL_PASSWORD", _compose.Environment("mysql")["MYSQL_PASSWORD"]),
                ("MYSQL_TCP_PORT", at.ToString(CultureInfo.InvariantCulture)));
            Assert.True(exit == 0 == isUp, output + errors);
        }
    }

    private static string Bank()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return RepositoryRoot.File("src", "Samples", "FirstSaga", "bin", configuration, "net10.0", "FirstSaga.dll");
    }

    private static async Task Listens(string url, Process program)
    {
        using var http = new HttpClient();
        await Poll.Until(
            async () =>
            {
                Assert.False(program.HasExited, "the bank has ended");
                try
                {
                    using var answer = await http.GetAsync(new Uri(url), Cancel);
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Poll.Patience,
            () => $"{url} does not listen",
            Cancel);
    }
}
