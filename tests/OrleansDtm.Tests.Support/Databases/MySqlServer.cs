using System.Diagnostics;
using MySqlConnector;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// Oracle's MySQL: a mysqld on the PATH, or in the folder DTM_TESTS_MYSQL_ROOT that tests/mysql/get-mysql.sh has
/// filled. The latter runs with the folder as its root, which requires root rights.
/// </summary>
public class MySqlServer() : DatabaseServer(Root ?? "")
{
    private const string Variable = "DTM_TESTS_MYSQL_ROOT";

    private static readonly string? Server = Find();

    public override string Driver => "mysql";

    private static string? Root =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } root
            && File.Exists(Path.Join(root, "usr/sbin/mysqld"))
            && Environment.UserName == "root"
            ? root
            : null;

    /// <summary>The data folder as a path inside the server's root.</summary>
    private string Here => Path.Combine(Inside(Folder), "data");

    public override string? FindMissing() =>
        Server is null ? $"MySQL (tests/mysql/get-mysql.sh FOLDER, {Variable}=FOLDER)" : null;

    public override string ConnectionString(string database) =>
        $"Server=127.0.0.1;Port={Port};User ID=root;Database={database};SslMode=None;AllowPublicKeyRetrieval=true";

    protected override Task Initialize(CancellationToken cancel)
    {
        Directory.Delete(Data); // mysqld creates the folder itself.
        return Run(Command("--initialize-insecure", $"--datadir={Here}", $"--tmpdir={Inside(Folder)}"), cancel);
    }

    protected override ProcessStartInfo ServerCommand() => Command(
    [
        $"--datadir={Here}", $"--socket={Path.Combine(Inside(Folder), "sock")}", $"--port={Port}",
        "--bind-address=127.0.0.1", $"--pid-file={Path.Combine(Inside(Folder), "pid")}", "--secure-file-priv=NULL",
        "--mysqlx=OFF", "--innodb-buffer-pool-size=128M", "--innodb-redo-log-capacity=128M", "--performance-schema=OFF",
        $"--tmpdir={Inside(Folder)}", .. Options,
    ]);

    protected override async Task Probe(CancellationToken cancel)
    {
        await using var connection = new MySqlConnection(
            ConnectionString("mysql") + ";Pooling=false;ConnectionTimeout=2");
        await connection.OpenAsync(cancel);
    }

    /// <summary>Finds mysqld. Ignores MariaDB's on the PATH, which may have the same name.</summary>
    private static string? Find()
    {
        if (Root is not null)
        {
            return "/usr/sbin/mysqld";
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin");
        var found = folders.Select(static f => Path.Combine(f, "mysqld")).FirstOrDefault(File.Exists);
        if (found is null)
        {
            return null;
        }

        using var version = Process.Start(
            new ProcessStartInfo(found, ["--no-defaults", "--version"]) { RedirectStandardOutput = true })!;
        return version.StandardOutput.ReadToEnd().Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
            ? null
            : found;
    }

    private static string Inside(string path) => Root is { } root ? "/" + Path.GetRelativePath(root, path) : path;

    private static ProcessStartInfo Command(params string[] arguments)
    {
        string[] all = ["--no-defaults", $"--user={Environment.UserName}", .. arguments];
        var start = Root is { } root
            ? new ProcessStartInfo("chroot", [root, Server!, .. all])
            : new ProcessStartInfo(Server!, all);
        start.Environment.Remove("TMPDIR"); // That folder does not exist in the server's root.
        return start;
    }
}
