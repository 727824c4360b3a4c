using System.Diagnostics;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Faults.Tests;

/// <summary>A short run of the program itself, with the most important faults.</summary>
public sealed class ShortRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_silos_and_a_database_that_are_killed_paused_and_parted_keep_every_promise()
    {
        await using (var database = new MariaDbServer())
        {
            Needs(database);
        }

        var file = Path.GetTempFileName();
        try
        {
            var (code, text) = await Run(
                "--seed", "1", "--rounds", "4", "--brief", "1", "--clients", "8", "--faults",
                "kill,pause,db-restart,partition", "--report", file);
            output.WriteLine(text);
            Assert.True(code == 0, text);
            var report = JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!;
            Assert.Empty(report["violations"]!.AsArray());
            Assert.All(
                (string[])["saga", "tcc", "msg", "workflow"],
                type => Assert.NotNull(report["transactions"]![type]?["succeed"]));
            Assert.True((int)report["faults"]!["kill"]! > 0);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>A lost primary takes no acknowledged transaction with it, and work goes on within seconds.</summary>
    [Theory]
    [InlineData("mysql9", "failover")]
    [InlineData("postgres", "failover-zombie")]
    [InlineData("mysql", "db-move")]
    public async Task A_standby_that_is_promoted_under_load_goes_on_where_the_primary_was(string store, string fault)
    {
        await using (DatabaseServer database = store switch
        {
            "postgres" => new PostgresServer(),
            "mysql9" => new MySqlServer(),
            _ => new MariaDbServer(),
        })
        {
            Needs(database);
        }

        var (code, text) = await Run(
            "--seed", "1", "--rounds", "1", "--brief", "1", "--clients", "8", "--store", store, "--faults", fault);
        output.WriteLine(text);
        Assert.True(code == 0, text);
        Assert.Contains($"faults: 1 {fault}", text, StringComparison.Ordinal);
    }

    private static void Needs(DatabaseServer database)
    {
        if (database.FindMissing() is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{missing} is not installed");
            Assert.Skip($"{missing} is not installed");
        }
    }

    private static async Task<(int Code, string Text)> Run(params string[] arguments)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var dll = Path.Combine(AppContext.BaseDirectory, typeof(Program).Assembly.GetName().Name + ".dll");
        var start = new ProcessStartInfo(dotnet, [dll, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var (text, errors) =
                (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
            await process.WaitForExitAsync(Cancel).WaitAsync(Limit, Cancel);
            return (process.ExitCode, await text + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
