using System.Globalization;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>The commands for several silos, on a database server without any user but root.</summary>
public sealed class ReadmeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_silos_work_on_a_fresh_MariaDB()
    {
        await using var server = new FreshMariaDb();
        await Check(server, () => server.Socket);
    }

    [Fact]
    public async Task Two_silos_work_on_a_fresh_MySQL()
    {
        await using var server = new FreshMySql();
        await Check(server, () => server.Socket);
    }

    private static async Task Check(DatabaseServer database, Func<string> socket)
    {
        if (database.FindMissing() is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{missing} is not installed");
            Assert.Skip($"{missing} is not installed");
        }

        await database.Start(Cancel);
        var client = $"mariadb --no-defaults --user=root --protocol=socket --socket={socket()}";
        var (first, second) = (Port(), Port());
        var block = ReadmeCommands.Blocks(RepositoryRoot.File("src", "OrleansDtm.Server", "Hosting", "README.md"))
            .Single(static block => block.Contains("Cluster__Mode=AdoNet", StringComparison.Ordinal))
            .Replace("sudo mariadb", client, StringComparison.Ordinal)
            .Replace("dotnet build -c Release src/OrleansDtm.Server\n", "", StringComparison.Ordinal)
            .Replace(
                "dotnet run -c Release --no-build --project src/OrleansDtm.Server",
                $"dotnet {ServerProcess.ServerDll()}",
                StringComparison.Ordinal)
            .Replace(" -- --", " --", StringComparison.Ordinal)
            .Replace("36779", second, StringComparison.Ordinal);
        block = Regex.Replace(
            block, "(?<=--(GrpcPort|Cluster:SiloPort|Cluster:GatewayPort)=)\\d+", static _ => Port());

        var output = await ReadmeCommands.Bash(
            $$"""
            trap 'kill $(jobs -p); wait' EXIT
            export STORE_PORT={{database.Port}} HTTP_PORT={{first}} GRPC_PORT={{Port()}}
            export Cluster__SiloPort={{Port()}} Cluster__GatewayPort={{Port()}} LOG_LEVEL=warn
            {{block}}
            curl -s --retry 60 --retry-connrefused --retry-delay 1 localhost:{{first}}/health/ready
            curl -s localhost:{{second}}/api/dtmsvr/submit -H 'Content-Type: application/json' -d \
              '{"gid":"a","trans_type":"msg","steps":[{"action":""}],"payloads":[""],"wait_result":true}'
            curl -s 'localhost:{{first}}/api/dtmsvr/query?gid=a' | grep -o '"status":"succeed"' | head -1
            {{client}} --skip-column-names --execute='select count(*) from dtm.OrleansMembershipTable where Status = 3'
            """);

        Assert.EndsWith(
            "readyready{\"dtm_result\":\"SUCCESS\"}\"status\":\"succeed\"\n2",
            Quiet(output),
            StringComparison.Ordinal);
    }

    /// <summary>Without the lines of the log and the blanks of the client.</summary>
    private static string Quiet(string output) => Regex.Replace(output, @"^\d{4}-.*\n", "", RegexOptions.Multiline)
        .Replace("\t", "", StringComparison.Ordinal).TrimEnd();

    private static string Port() => FreePort.Next().ToString(CultureInfo.InvariantCulture);
}
