using System.Diagnostics;
using MySqlConnector;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>MariaDB from Debian's package.</summary>
public class MariaDbServer : DatabaseServer
{
    private static readonly string? Server = FindProgram("/usr/sbin/mariadbd", "/usr/bin/mariadbd");
    private static readonly string? Installer = FindProgram("/usr/bin/mariadb-install-db");

    public override string Driver => "mysql";

    public override string? FindMissing() => Server is null || Installer is null ? "mariadb-server" : null;

    public override string ConnectionString(string database) =>
        $"Server=127.0.0.1;Port={Port};User ID=root;Database={database};SslMode=None";

    protected override Task Initialize(CancellationToken cancel) => Run(
        new ProcessStartInfo(
            Installer!,
            [
                "--no-defaults",
                $"--datadir={Data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                $"--tmpdir={Folder}",
                User(),
            ]),
        cancel);

    protected override ProcessStartInfo ServerCommand() => new(
        Server!,
        [
            "--no-defaults", User(), $"--datadir={Data}", $"--socket={Path.Combine(Folder, "sock")}",
            $"--port={Port}", "--bind-address=127.0.0.1", $"--pid-file={Path.Combine(Folder, "pid")}",
            "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M", "--innodb-log-file-size=128M",
            // A separate tmpdir, because a starting server deletes the temporary tables of other servers in its folder.
            "--skip-name-resolve", "--performance-schema=off", $"--tmpdir={Folder}", .. Options,
        ]);

    protected override async Task Probe(CancellationToken cancel)
    {
        await using var connection = new MySqlConnection(
            ConnectionString("mysql") + ";Pooling=false;ConnectionTimeout=2");
        await connection.OpenAsync(cancel);
    }

    private static string User() => $"--user={Environment.UserName}";
}
