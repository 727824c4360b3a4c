using System.CommandLine;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Import;
using OrleansDtm.Server.Commands;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.WireTests.Import;

/// <summary>The program's commands, without a database.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task Help_lists_the_commands_and_each_explains_itself()
    {
        var all = await ServerCommand.Run("--help");
        all.Ends(0);
        Assert.All(
            ["  run ", "  schema ", "  import ", "  check-config ", "  export ", "HttpPort=36789"],
            text => Assert.Contains(text, all.Output, StringComparison.Ordinal));
        foreach (var (command, text) in new[]
        {
            ("run", "HttpPort=36789"),
            ("schema", "--driver"),
            ("import", "--dtm-stopped"),
            ("check-config", "--no-ports"),
            ("export", "--with-secrets"),
        })
        {
            var help = await ServerCommand.Run(command, "--help");
            help.Ends(0);
            Assert.Contains(text, help.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_unknown_command_ends_with_2_and_the_list()
    {
        var refused = await ServerCommand.Run("improt", "--from=x");
        refused.Ends(2);
        Assert.Contains(
            "'improt' is not a command. Did you mean import?", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("  import ", refused.Errors, StringComparison.Ordinal);
    }

    /// <summary>Values that a driver checks only when it connects.</summary>
    [Theory]
    [InlineData("mysql", "Server=127.0.0.1;Database=x;SslMode=s3cret", "SslMode")]
    [InlineData("mysql", "Server=127.0.0.1;Database=x;Port=s3cret", "Port")]
    [InlineData("mysql", "Server=127.0.0.1;Database=x;s3cret=1", null)]
    [InlineData("mysql", "Server=127.0.0.1;Database=x;ConnectionProtocol=s3cret", "ConnectionProtocol")]
    [InlineData("mysql", "Server=127.0.0.1;Database=x;Keepalive=s3cret", "Keepalive")]
    [InlineData("postgres", "Host=127.0.0.1;Database=x;SSL Mode=s3cret", "SSL Mode")]
    [InlineData("postgres", "Host=127.0.0.1;Database=x;Port=s3cret", "Port")]
    [InlineData("postgres", "Host=127.0.0.1;Database=x;s3cret=1", null)]
    [InlineData("postgres", "Host=127.0.0.1;Database=x;Integrated Security=true;s3cret=1", null)]
    public void What_a_driver_refuses_is_named_without_its_value(string driver, string connectionString, string? option)
    {
        var problem = StoreDrivers.All.Find(driver).FindRefusal(connectionString);

        Assert.NotNull(problem);
        Assert.DoesNotContain("s3cret", problem, StringComparison.Ordinal);
        if (option is not null)
        {
            Assert.Contains(option, problem, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData(
        "run", "--Store:Driver=mysql", "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=x;SslMode=s3cret")]
    [InlineData(
        "run", "--Store:Driver=postgres", "--Store:ConnectionString=Host=127.0.0.1;Port=1;Database=x;SSL Mode=s3cret")]
    [InlineData(
        "run", "--Store:Driver=mysql", "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=x;Unknown=s3cret")]
    [InlineData(
        "run", "--Cluster:Mode=AdoNet", "--Store:Driver=mysql",
        "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=x;SslMode=s3cret")]
    [InlineData(
        "export", "--gid=x", "--Store:Driver=mysql",
        "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=x;SslMode=s3cret")]
    [InlineData(
        "check-config", "--no-ports", "--Store:Driver=mysql",
        "--Store:ConnectionString=Server=127.0.0.1;Port=1;Database=x;SslMode=s3cret")]
    public async Task A_connection_string_that_the_driver_refuses_is_one_line(params string[] args)
    {
        var refused = await ServerCommand.Run(args);

        refused.Ends(1);
        Assert.DoesNotContain("   at ", refused.Errors + refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "s3cret", refused.Errors + (args[0] == "check-config" ? "" : refused.Output), StringComparison.Ordinal);
        Assert.Contains(
            args[0] == "check-config" ? "onnection" : "[ODTM1001]",
            refused.Errors + refused.Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--from: missing", "--dry-run")]
    [InlineData("Stop every DTM", "--from=mysql://root@127.0.0.1:1/dtm")]
    [InlineData("oracle:// is not a database", "--from=oracle://x/y", "--dry-run")]
    [InlineData("needs --from-driver", "--from=Server=x", "--dry-run")]
    [InlineData("postgres contradicts the URL", "--from=mysql://x/y", "--from-driver=postgres", "--dry-run")]
    [InlineData("'sqlite' is not mysql or postgres", "--from=x", "--from-driver=sqlite")]
    [InlineData(
        "--from: MySqlConnector does not take the value of its option", "--from=Server=x;SslMode=y",
        "--from-driver=mysql", "--dry-run")]
    [InlineData("--from: The value contains embedded nulls", "--from=mysql://a\0b:c@x/y", "--dry-run")]
    [InlineData("--batch: 'all' is not a whole number", "--from=mysql://x/y", "--batch=all")]
    [InlineData("--from-time-zone: 'Mars' is unknown", "--from=mysql://x/y", "--from-time-zone=Mars")]
    [InlineData("'yes' is not an argument", "--dry-run=yes")]
    [InlineData("--from: a value is missing", "--from", "--dry-run")]
    [InlineData("'--dryrun' is not an argument. Did you mean --dry-run?", "--from=mysql://x/y", "--dryrun")]
    public async Task Wrong_arguments_of_import_are_named(string message, params string[] args)
    {
        using var errors = new StringWriter();
        var line = new CommandLine(new ImportCommand()) { Errors = errors };

        Assert.Equal(CommandLine.Misused, await line.Run(["import", .. args]));
        Assert.Contains(message, errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("[ODTM1002]", errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mysql://joe:p%40ss%3Aword@db.example/", null, "mysql", "mysql://db.example:3306/dtm")]
    [InlineData("mysql://joe@db:3307/dtm2?SslMode=None", null, "mysql", "mysql://db:3307/dtm2")]
    [InlineData("postgresql://joe:x@[::1]/d", null, "postgres", "postgres://::1:5432/d")]
    [InlineData("Server=db;User ID=joe;Password=p@ss:word", "mysql", "mysql", "mysql://db:3306/dtm")]
    [InlineData("Host=db;Username=joe;Search Path=x", "postgres", "postgres", "postgres://db:5432/dtm")]
    public void A_source_is_named_by_URL_or_connection_string_and_shown_without_its_password(
        string from, string? driver, string expected, string shown)
    {
        var address = SourceAddress.Parse(from, driver);

        Assert.Equal((expected, shown), (address.Driver.Name, address.Shown));
        Assert.Equal(
            from.Contains("joe:p", StringComparison.Ordinal),
            address.ConnectionString.Contains("p@ss:word", StringComparison.Ordinal) && driver is null);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_in_one_line()
    {
        var failed = await ServerCommand.Run("import", "--from=mysql://root@127.0.0.1:1/dtm", "--dry-run");
        failed.Ends(1);
        Assert.StartsWith("Cannot import: ", failed.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", failed.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--HttpPort", "8080", "probe", "--from", "a=b", "-c", "conf.yml", "--flag", "--Store:Path=x=y")]
    [InlineData("-c", "conf.yml", "--HttpPort=8080", "probe", "--flag", "--from=a=b", "--Store:Path", "x=y")]
    [InlineData("--config=conf.yml", "--HttpPort", "8080", "--Store:Path=x=y", "probe", "--flag", "--from", "a=b")]
    public async Task Settings_may_stand_before_the_command_and_among_its_arguments(params string[] args)
    {
        var probe = new Probe();

        Assert.Equal(0, await new CommandLine(new RunCommand(), probe).Run(args));

        Assert.Equal(("a=b", true), (probe.From, probe.Flagged));
        Assert.Equal(["-c", "conf.yml", "--HttpPort=8080", "--Store:Path=x=y"], probe.Settings);
    }

    [Fact]
    public async Task The_value_of_a_setting_may_be_the_name_of_a_command()
    {
        var probe = new Probe();

        Assert.Equal(0, await new CommandLine(new RunCommand(), probe).Run(["--STORE_DB", "run", "probe"]));

        Assert.Equal(["--STORE_DB=run"], probe.Settings);
    }

    [Theory]
    [InlineData("--HttpPrt: unknown setting. Did you mean --HttpPort?", "--HttpPrt=1")]
    [InlineData("--nothing-like-it: unknown setting. --help", "--nothing-like-it", "1")]
    [InlineData("--GrpcPort: a value is missing", "run", "--GrpcPort")]
    public async Task An_unknown_setting_ends_with_2_and_the_nearest_name(string message, params string[] args)
    {
        using var errors = new StringWriter();

        Assert.Equal(
            CommandLine.Misused, await new CommandLine(new RunCommand()) { Errors = errors }.Run(args));

        Assert.Contains(message, errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("[ODTM1001]", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_progress_tells_rate_and_remaining_time() =>
        Assert.Equal(
            "250,000 of 1,000,000 transactions (25 %), 5,000/s, about 00:02:30 left",
            ImportView.Line(250_000, 1_000_000, TimeSpan.FromSeconds(50)));

    [Fact]
    public async Task The_store_takes_a_SQLite_file_made_from_the_printed_schema()
    {
        var schema = await ServerCommand.Run("schema", "--driver=sqlite");
        schema.Ends(0);
        var folder = Directory.CreateTempSubdirectory("orleans-dtm-schema-");
        try
        {
            var path = Path.Combine(folder.FullName, "dtm.db");
            await using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
            {
                await connection.OpenAsync(TestContext.Current.CancellationToken);
                await using var command = connection.CreateCommand();
                command.CommandText = schema.Output;
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }

            // Applying a schema step again would fail, because its tables exist.
            await using var store = new SqliteTransactionStore(
                new SqliteStoreOptions { Path = path },
                TimeProvider.System,
                NullLogger<SqliteTransactionStore>.Instance);
            await store.Start(TestContext.Current.CancellationToken);
            var saga = Rows.Map(Rows.Transaction("saga", "submitted"), Rows.Saga("prepared/prepared"));
            Assert.Equal(
                WriteResult.Written,
                await store.Write(new TransactionWrite(null, saga, 0), TestContext.Current.CancellationToken));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_unknown_database_of_schema_is_refused()
    {
        using var errors = new StringWriter();
        var line = new CommandLine(new SchemaCommand()) { Errors = errors };

        Assert.Equal(CommandLine.Misused, await line.Run(["schema", "--driver=oracle"]));
        Assert.Contains("'oracle' has no schema; write one of", errors.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Keeps what it was given.</summary>
    private sealed class Probe : ProgramCommand
    {
        private readonly Option<string?> _from = Value("--from", "X", "");
        private readonly Option<bool> _flag = Flag("--flag", "");

        public override string Name => "probe";

        public override string Summary => "";

        public override string Explanation => "";

        public override IReadOnlyList<Option> Options => [_from, _flag];

        public string? From { get; private set; }

        public bool Flagged { get; private set; }

        public string[] Settings { get; private set; } = [];

        public override Task<int> Run(ParseResult parsed, string[] settings)
        {
            (From, Flagged, Settings) = (parsed.GetValue(_from), parsed.GetValue(_flag), settings);
            return Task.FromResult(0);
        }
    }
}
