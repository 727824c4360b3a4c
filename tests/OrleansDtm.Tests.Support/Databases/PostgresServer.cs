using System.Diagnostics;
using Npgsql;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// PostgreSQL from Debian's package. It refuses to run as root, so root runs it as the user postgres.
/// </summary>
public class PostgresServer : DatabaseServer
{
    private const string Packages = "/usr/lib/postgresql";

    private static readonly string? Programs = Directory.Exists(Packages)
        ? Directory.GetDirectories(Packages)
            .Select(static d => Path.Combine(d, "bin"))
            .LastOrDefault(static d => File.Exists(Path.Combine(d, "postgres")))
        : null;

    public override string Driver => "postgres";

    /// <summary>INT is a fast shutdown. TERM waits until all clients have disconnected.</summary>
    protected override string StopSignal => "INT";

    public override string? FindMissing() => Programs is null ? "postgresql" : null;

    public override string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Username=dtm;Database={database}";

    protected override async Task Initialize(CancellationToken cancel)
    {
        await Own(cancel);
        await Run(
            Command("initdb", "-D", Data, "-U", "dtm", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"), cancel);
    }

    protected override ProcessStartInfo ServerCommand() => Command(
    [
        "postgres",
        "-D", Data, "-p", $"{Port}", "-h", "127.0.0.1", "-k", Folder, "-c", "fsync=on", "-c", "synchronous_commit=on",
        "-c", "shared_buffers=128MB", "-c", "max_connections=100", .. Options.SelectMany(static o => new[] { "-c", o }),
    ]);

    protected override async Task Probe(CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=2");
        await connection.OpenAsync(cancel);
    }

    /// <summary>Gives the folder to the user that runs the server.</summary>
    protected async Task Own(CancellationToken cancel)
    {
        if (Environment.UserName == "root")
        {
            await Run(new ProcessStartInfo("chown", ["-R", "postgres", Folder]), cancel);
        }
    }

    /// <summary>A program of the package, as the user that runs the server.</summary>
    /// <param name="words">The name of the program and its arguments.</param>
    protected ProcessStartInfo Command(params string[] words)
    {
        var (path, arguments) = (Path.Combine(Programs!, words[0]), words[1..]);
        return Environment.UserName == "root"
            ? new ProcessStartInfo(
                "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            {
                WorkingDirectory = Folder,
            }
            : new ProcessStartInfo(path, arguments) { WorkingDirectory = Folder };
    }
}
