using System.Net;
using System.Net.Sockets;
using MySqlConnector;
using OrleansDtm.Server.Commands;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.WireTests.Commands;

/// <summary>
/// The mistakes of a first day each give one line: the cause, the value, what to do, the code. The program runs in this
/// process. <see cref="StartTests"/> shows that the real one writes no more than this line, and that it warns of
/// settings in a file or in the environment that do not exist; DeathTests of the cluster has the wrong clock;
/// <see cref="Wire.UnknownOperationTests"/> the SDK of another version.
/// </summary>
public sealed class NewcomerTests(DatabaseUnderTest<MariaDbServer> mariaDb)
    : IClassFixture<DatabaseUnderTest<MariaDbServer>>, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansdtm-newcomer-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_port_in_use()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await Refused(
            1,
            $"Cannot start: HttpPort {port} is in use. Stop the other process, or set --HttpPort to a free port. "
                + "[ODTM1003]",
            $"--HttpPort={port}");
    }

    [Theory]
    [InlineData(
        "--HttpProt=8080",
        "Cannot start: --HttpProt: unknown setting. Did you mean --HttpPort? --help lists the settings. [ODTM1001]")]
    [InlineData(
        "HttpPort=8080",
        "'HttpPort=8080' is not a command. Did you mean --HttpPort=8080? '--help' explains the arguments. [ODTM1002]")]
    [InlineData("--Bind=here", "Cannot start: Bind: 'here' is not localhost, * or an IP address. [ODTM1001]")]
    [InlineData(
        "--Bind=*",
        "Cannot start: Bind: '*' is not safe without authentication: every client that reaches the ports could read "
            + "payloads, submit and stop transactions. Set Bind=localhost to listen on this machine only; or "
            + "Security:Keys:0 to require API keys ('OrleansDtm.Server key' creates one; or Security:KeysFile, "
            + "Security:Jwt); or Security:AllowAnonymous=true to trust all clients in the network. [ODTM1008]")]
    [InlineData(
        "--Tls:CertificatePath=dtm.pem",
        "Cannot start: Tls:KeyPath is missing: TLS needs both Tls:CertificatePath and Tls:KeyPath, PEM files; or a "
            + ".pfx file, which contains its key. [ODTM1001]")]
    [InlineData(
        "--Grpc:TlsKey=dtm.key",
        "Cannot start: Grpc:TlsCertificate is missing: TLS needs both Grpc:TlsCertificate and Grpc:TlsKey, PEM files. "
            + "[ODTM1001]")]
    [InlineData(
        "--Cluster:Mode=AdoNet",
        "Cannot start: Cluster:Mode: 'AdoNet' is not possible with Store:Driver=sqlite, whose file belongs to one "
            + "process: set Store:Driver to a database server, or leave Cluster:Mode out. [ODTM1001]")]
    public Task A_setting_that_is_wrong(string setting, string line) =>
        Refused(line.Contains("[ODTM1", StringComparison.Ordinal) ? 2 : 1, line, setting);

    [Fact]
    public async Task A_path_that_cannot_be_written()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        var path = Path.Combine(file, "dtm.db");
        await Refused(
            1,
            $"Cannot start: The store '{path}' cannot be written: The file '{file}' already exists. Make its folder "
                + "writable for the user of this process, or set Store:Path to another file. [ODTM2017] "
                + "'check-config' with the same settings examines it.",
            $"--Store:Path={path}");
    }

    [Fact]
    public async Task Two_processes_on_a_SQLite_file()
    {
        var path = Path.Combine(_folder.FullName, "dtm.db");
        await using var first = new FileStream(
            path + ".lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None); // As a running coordinator.
        await Refused(
            1,
            $"Cannot start: Another coordinator uses '{path}': a SQLite file belongs to one process. Stop the other "
                + "one, or set Store:Path to another file. Several processes need Store:Driver=mysql or postgres. "
                + "[ODTM2001] 'check-config' with the same settings examines it.",
            $"--Store:Path={path}");
    }

    [Fact]
    public async Task A_database_that_cannot_be_used()
    {
        await CreateUser(mariaDb.NewDatabase());
        var port = mariaDb.Server.Port;
        var place = $"mysql database shop at 127.0.0.1:{port}";
        string[] settings =
        [
            "--Store:Driver=mysql", "--Store:Host=127.0.0.1", $"--Store:Port={port}", "--Store:Db=shop",
            "--Store:User=joe",
        ];
        const string Examine = " 'check-config' with the same settings examines it.";

        await Refused(
            1,
            $"Cannot start: Cannot use {place}: Access denied for user 'joe'@'127.0.0.1' (using password: YES). "
                + $"Correct Store:User and Store:Password (or Store:ConnectionString). [ODTM2005]{Examine}",
            [.. settings, "--Store:Password=wrong"]);
        await Refused(
            1,
            $"Cannot start: There is no {place}, or its user may not use it: Access denied for user 'joe'@'%' to "
                + "database 'shop'. Create it and grant the rights as an administrator, or correct Store:Db. "
                + "[ODTM2004]",
            [.. settings, "--Store:Password=secret"]);
        await Refused(
            1,
            "Cannot start: Cannot use mysql database shop at 127.0.0.1:1: Unable to connect to any of the specified "
                + "MySQL hosts. Start the database server, or correct Store:Host and Store:Port (or "
                + $"Store:ConnectionString). [ODTM2005]{Examine}",
            [.. settings, "--Store:Password=secret", "--Store:Port=1"]);
    }

    private static async Task CreateUser(string connectionString)
    {
        var server = new MySqlConnectionStringBuilder(connectionString) { Database = "", AllowUserVariables = true };
        await using var root = new MySqlConnection(server.ConnectionString);
        await root.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new MySqlCommand("create user joe@'%' identified by 'secret'", root);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task Refused(int code, string line, params string[] settings)
    {
        var errors = new StringWriter();
        string[] ports = ["--HttpPort=0", "--GrpcPort=0"];
        string[] usual = settings is [var only] && !only.StartsWith('-') ? [] : ports;
        var exit = await new CommandLine(new RunCommand()) { Errors = errors }.Run([.. usual, .. settings]);
        Assert.Equal((code, line), (exit, errors.ToString().TrimEnd()));
    }
}
