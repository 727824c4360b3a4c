using System.Diagnostics;
using MySqlConnector;
using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>MariaDB as Debian installs it: root has no password, and is let in on the socket only.</summary>
public sealed class FreshMariaDb : MariaDbServer
{
    public string Socket => Path.Combine(Folder, "sock");

    protected override Task Initialize(CancellationToken cancel) => Run(
        new ProcessStartInfo(
            "/usr/bin/mariadb-install-db",
            [
                "--no-defaults", $"--datadir={Data}", "--auth-root-authentication-method=socket", "--skip-test-db",
                $"--tmpdir={Folder}", $"--user={Environment.UserName}",
            ]),
        cancel);

    protected override ProcessStartInfo ServerCommand()
    {
        var start = base.ServerCommand();
        start.ArgumentList.Remove("--skip-name-resolve"); // dtm@localhost
        return start;
    }

    protected override Task Probe(CancellationToken cancel) => Sockets.Open(Socket, cancel);
}

/// <summary>MySQL, with the path of its socket.</summary>
public sealed class FreshMySql : MySqlServer
{
    public string Socket => Path.Combine(Folder, "sock");

    protected override Task Probe(CancellationToken cancel) => Sockets.Open(Socket, cancel);
}

file static class Sockets
{
    public static async Task Open(string socket, CancellationToken cancel)
    {
        await using var connection = new MySqlConnection(
            $"Server={socket};ConnectionProtocol=Unix;User ID=root;Pooling=false;ConnectionTimeout=2");
        await connection.OpenAsync(cancel);
    }
}
