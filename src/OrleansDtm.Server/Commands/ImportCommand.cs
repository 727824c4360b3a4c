using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using OrleansDtm.Import;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Commands;

/// <summary>Imports the unfinished transactions of a DTM.</summary>
internal sealed class ImportCommand : ProgramCommand
{
    /// <summary>The exit code of an interrupted program in a shell.</summary>
    private const int Interrupted = 130;

    private const string FromVariable = "IMPORT_FROM";
    private const int BatchMax = 10_000;

    private readonly Option<string?> _from = Value(
        "--from", "URL",
        "mysql://user:password@host:3306/dtm or postgres://user:password@host:5432/dtm; preferably in the environment "
        + $"variable {FromVariable}, to hide the password");

    private readonly Option<string?> _fromDriver = Value(
        "--from-driver", "NAME", "mysql or postgres, if --from is a .NET connection string");

    private readonly Option<string?> _fromTimeZone = Value(
        "--from-time-zone", "Z",
        "DTM's time zone, such as UTC, +08:00 or Asia/Shanghai; MySQL only, which does not store it. Default: the time "
        + "zone of this machine");

    private readonly Option<bool> _dryRun = Flag(
        "--dry-run", "change nothing; count, and list what cannot be imported");

    private readonly Option<bool> _dtmStopped = Flag(
        "--dtm-stopped",
        "confirms that every DTM on that database is stopped; otherwise both would make the calls");

    private readonly Option<string?> _batch = Value("--batch", "N", "transactions of a page (500)");

    public override string Name => "import";

    public override string Summary => "take over the unfinished transactions and the topics of a DTM database";

    public override string Explanation => """
        Reads a DTM's MySQL or PostgreSQL database and takes over its unfinished transactions with their progress, and its
        topics. Completed calls are not repeated; DTM's last call may be made again, as DTM would do. Finished transactions
        are not imported. DTM's database is not changed.
        """;

    public override string Notes => """
        The target store is that of the settings of 'run' (--Store:Path=..., -c conf.yml, ...; 'run --help').
        A coordinator on MySQL or PostgreSQL may run during the import; one on SQLite must be stopped.

        The import can be interrupted and run again: imported transactions are skipped. Do not run it again after
        imported transactions were deleted (Store:Retention): they would be imported again.

        Exit codes: 0 = everything was imported, 1 = some rows were not (each is listed with the reason) or it failed,
        2 = an argument is invalid and nothing was done, 130 = interrupted.
        """;

    public override IReadOnlyList<Option> Options => [_from, _fromDriver, _fromTimeZone, _dryRun, _dtmStopped, _batch];

    public override async Task<int> Run(ParseResult parsed, string[] settings)
    {
        var isDry = parsed.GetValue(_dryRun);
        var address = Address(parsed.GetValue(_from), parsed.GetValue(_fromDriver));
        var zone = Zone(parsed.GetValue(_fromTimeZone));
        var batch = Batch(parsed.GetValue(_batch));
        var options = SettingsLoader.Load(settings);
        if (!isDry && !parsed.GetValue(_dtmStopped))
        {
            throw new UsageException(
                "Stop every DTM that uses this database, then add --dtm-stopped: "
                + "otherwise both DTM and this coordinator "
                + "would make the calls of each transaction. --dry-run changes nothing "
                + "and works while DTM runs. [ODTM3002]");
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await Import(
                address, zone ?? TimeZoneInfo.Local, zone is not null, isDry, batch, options, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.WriteLine("Interrupted before the first transaction.");
            return Interrupted;
        }

        // A second Ctrl-C ends the process.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    private static async Task<int> Import(
        SourceAddress address, TimeZoneInfo zone, bool isZoneSure, bool isDry, int batch, CoordinatorOptions options,
        CancellationToken stop)
    {
        var clock = TimeProvider.System;
        await using var source = await DtmSource.Open(address, zone, stop);
        var extent = await source.Extent(stop);
        Introduce(address, zone, extent, isDry, clock);
        if (!isZoneSure && extent.Newest > clock.GetUtcNow().AddMinutes(2))
        {
            throw new UsageException(
                "The newest change is in the future, so DTM ran in another time zone than this machine. Set it with "
                + "--from-time-zone, "
                + "or delays and timeouts would be wrong. [ODTM3003]");
        }

        using var loggers = LoggerFactory.Create(
            static log => log.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        await using var store = isDry ? null : StoreFactory.Create(options.Store, clock, loggers);
        if (store is not null)
        {
            await store.Start(stop);
            Console.WriteLine(
                $"Importing into {StoreFactory.Describe(options.Store)}. Ctrl-C stops between two pages.");
        }

        var importer = new Importer(
            source,
            new DtmMapper(RequestSettings.Of(options)),
            store is null ? null : (store, (IKeyValueStore)store),
            clock,
            ImportView.Tell);
        try
        {
            var isComplete = await importer.Topics(stop)
                && await ImportView.Show(
                    extent.Count, clock, progress => importer.Transactions(extent, batch, progress, stop));
            return Conclude(importer.Tally, isDry, isComplete);
        }
        catch
        {
            Console.WriteLine($"{importer.Tally[Taking.Taken]:N0} were imported before the failure. Run the same "
                + "command again to import the rest.");
            throw;
        }
    }

    private static void Introduce(
        SourceAddress address, TimeZoneInfo zone, DtmExtent extent, bool isDry, TimeProvider clock)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{address.Shown}: {extent.Count:N0} unfinished "
                + $"transactions{(isDry ? "; dry run, nothing is changed" : "")}"));
        if (extent.Newest is { } newest)
        {
            var where = address.Dialect.HasTimeZone ? "" : $" if DTM ran in time zone {zone.Id}";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"The newest change was made at {newest:u}{where}, "
                    + $"{(clock.GetUtcNow() - newest).TotalHours:F1} hours ago."));
        }
    }

    private static int Conclude(ImportTally tally, bool isDry, bool isComplete)
    {
        Console.WriteLine(tally.Table(isDry));
        if (!isComplete)
        {
            Console.WriteLine("Interrupted. Run the same command again to import the rest.");
            return Interrupted;
        }

        if (tally.Left > 0)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Left:N0} rows {(isDry ? "would not be" : "were not")} imported, for the reasons above. They "
                + $"are unchanged in DTM's database. [ODTM3004]"));
            return CommandLine.Failed;
        }

        Console.WriteLine(isDry
            ? "Everything can be taken over. Stop DTM, then run the command with --dtm-stopped instead of --dry-run."
            : "Everything is here. The coordinator continues when it starts. Do not start DTM on that database again.");
        return 0;
    }

    private static SourceAddress Address(string? given, string? driver)
    {
        var from = given ?? Environment.GetEnvironmentVariable(FromVariable);
        return string.IsNullOrEmpty(from)
            ? throw new UsageException("--from: missing; set it to DTM's database, such as "
                + $"mysql://user:password@host:3306/dtm (or in the environment variable {FromVariable}).")
            : Parse(from, driver);
    }

    private static SourceAddress Parse(string from, string? driver)
    {
        try
        {
            return SourceAddress.Parse(from, driver);
        }
        catch (SourceAddressException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static int Batch(string? text) =>
        text is null ? 500
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var batch)
            && batch is > 0 and <= BatchMax ? batch
        : throw new UsageException($"--batch: '{text}' is not a whole number from 1 to {BatchMax}.");

    /// <summary>Null = not given.</summary>
    private static TimeZoneInfo? Zone(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        if (TimeSpan.TryParse(name.TrimStart('+'), CultureInfo.InvariantCulture, out var offset)
            && name[0] is '+' or '-'
            && name.Contains(':', StringComparison.Ordinal)
            && offset.Duration() <= TimeSpan.FromHours(14))
        {
            return TimeZoneInfo.CreateCustomTimeZone($"UTC{name}", offset, null, null);
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new UsageException($"--from-time-zone: '{name}' is unknown; write UTC, an offset such as +08:00, "
                + "or a name such as Asia/Shanghai.");
    }
}
