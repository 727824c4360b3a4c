using System.CommandLine;
using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Export;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Commands;

/// <summary>Writes the data of transactions to a file, for a support case.</summary>
internal sealed class ExportCommand : ProgramCommand
{
    public const string KeyVariable = "ORLEANSDTM_KEY";

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    private readonly Option<string?> _gid = Value("--gid", "GID", "one transaction");

    private readonly Option<string?> _out = Value("--out", "FILE", "output file; default: standard output");

    private readonly Option<bool> _withSecrets = Flag(
        "--with-secrets",
        "include secrets. Without it, fields, headers and URL parts with names such as password, token or secret are "
        + "hidden. Payloads that are not JSON are never changed: check the document before you send it");

    private readonly Option<string?> _server = Value(
        "--server", "URL",
        "export from a running coordinator, e.g. http://localhost:36789; default: read the store, also while a "
        + "coordinator runs, with the settings of 'run' (--Store:Path=..., -c conf.yml, ...)");

    private readonly Option<string?> _key = Value(
        "--key", "KEY", $"the coordinator's API key; preferably in the environment variable {KeyVariable}");

    private readonly Option<string?> _namespace = Value(
        "--namespace", "NAME",
        "namespace of the gids; default: all of the store (with --gid the default one), or that of the key");

    private readonly Option<string?> _status = Value(
        "--status", "S", "prepared, submitted, aborting, succeed or failed");

    private readonly Option<string?> _type = Value("--type", "T", "saga, msg, tcc, xa or workflow");

    private readonly Option<string?> _since = Value(
        "--since", "WHEN", "created at or after: 2026-11-22T08:00:00Z, or an age: 30m, 12h, 7d");

    private readonly Option<string?> _limit = Value("--limit", "N", "maximum number");

    public override string Name => "export";

    public override string Summary => "write all data of a transaction as JSON, for a support case";

    public override string Explanation => """
        Writes the transaction with its options, branches, payloads, attempts and times. With --gid one document; otherwise
        one document a line, newest first, with the progress on standard error.
        """;

    public override string Notes =>
        "Exit codes: 0 = written, 1 = there is no such transaction, or it cannot be read, 2 = an argument is invalid.";

    public override IReadOnlyList<Option> Options =>
        [_gid, _out, _withSecrets, _server, _key, _namespace, _status, _type, _since, _limit];

    public override async Task<int> Run(ParseResult parsed, string[] settings)
    {
        var clock = TimeProvider.System;
        var filter = new TransactionFilter
        {
            Status = Status(parsed.GetValue(_status)),
            Type = Type(parsed.GetValue(_type)),
            CreatedFrom = Since(parsed.GetValue(_since), clock.GetUtcNow()),
        };
        var limit = Limit(parsed.GetValue(_limit));
        var gid = parsed.GetValue(_gid);
        var space = Namespace(parsed.GetValue(_namespace));
        if (gid is not null && (filter != new TransactionFilter() || parsed.GetValue(_limit) is not null))
        {
            throw new UsageException("--gid: cannot be combined with --status, --type, --since or --limit.");
        }

        await using var source = await Open(parsed, settings, clock);
        filter = filter with { Namespace = space };
        var stored = gid is null || source is ServerSource ? gid : Namespaces.Qualify(space ?? "", gid);
        var first = stored is not null ? await source.Find(stored, CancellationToken.None) : null;
        if (gid is not null && first is null)
        {
            Console.Error.WriteLine(
                $"There is no transaction '{gid}' in {source.Name}. Gids are case-sensitive. Finished transactions are "
                + "deleted after Store:Retention (7 days).");
            return CommandLine.Failed;
        }

        await using var file = parsed.GetValue(_out) is { } path ? Create(path) : null;
        var output = file ?? Console.Out;
        if (first is not null)
        {
            await output.WriteLineAsync(Finish(first, onOneLine: false));
            return 0;
        }

        var written = 0;
        var (started, next) = (clock.GetTimestamp(), Pace);
        await foreach (var each in source.Gids(filter, CancellationToken.None))
        {
            if (written == limit)
            {
                break;
            }

            if (await source.Find(each, CancellationToken.None) is { } found) // Null: deleted in the meantime.
            {
                await output.WriteLineAsync(Finish(found, onOneLine: true));
                written++;
            }

            if (clock.GetElapsedTime(started) is var elapsed && elapsed >= next)
            {
                next = elapsed + Pace;
                Console.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{written:N0} transactions, {written / elapsed.TotalSeconds:N0}/s"));
            }
        }

        Console.Error.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{written:N0} transactions of {source.Name}"));
        return 0;

        string Finish(System.Text.Json.Nodes.JsonObject document, bool onOneLine) => TransactionDocument.Finish(
            document, source.Name, parsed.GetValue(_withSecrets), onOneLine, clock.GetUtcNow());
    }

    /// <summary>Only the user may read it: payloads may be confidential.</summary>
    private static StreamWriter Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            return new StreamWriter(path, options);
        }

        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        options.UnixCreateMode = own;
        var file = new StreamWriter(path, options);
        if (((FileStream)file.BaseStream).CanSeek && !path.StartsWith("/dev/", StringComparison.Ordinal))
        {
            File.SetUnixFileMode(path, own); // An existing file keeps its mode otherwise.
        }

        return file;
    }

    private async Task<ExportSource> Open(ParseResult parsed, string[] settings, TimeProvider clock)
    {
        if (parsed.GetValue(_server) is { } server)
        {
            if (settings.Length > 0)
            {
                throw new UsageException(
                    $"{settings[0]}: cannot be combined with --server. Remove one of the two.");
            }

            return Uri.TryCreate(server, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                ? new ServerSource(
                    url,
                    parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable(KeyVariable),
                    Namespace(parsed.GetValue(_namespace)))
                : throw new UsageException($"--server: '{server}' is not a URL such as http://localhost:36789.");
        }

        var options = SettingsLoader.Load(settings).Store;
        using var loggers = LoggerFactory.Create(
            static log => log.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        var store = StoreFactory.Create(options, clock, loggers, isReadOnly: true);
        try
        {
            await store.Start(CancellationToken.None);
            return new StoreSource(store, StoreFactory.Describe(options));
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static string? Namespace(string? text) => text is null || Namespaces.IsName(text)
        ? text
        : throw new UsageException(
            $"--namespace: '{text}' is no name of 1 to {Namespaces.NameMax} lower-case letters, digits and hyphens.");

    private static TransactionStatus Status(string? text) =>
        text is null ? TransactionStatus.None
        : Names.Status(text) is var status and not TransactionStatus.None ? status
        : throw new UsageException(
            $"--status: '{text}' is unknown; one of prepared, submitted, aborting, succeed, failed.");

    private static TransactionType Type(string? text) =>
        text is null ? TransactionType.None
        : Names.Type(text) is var type and not TransactionType.None ? type
        : throw new UsageException($"--type: '{text}' is unknown; one of saga, msg, tcc, xa, workflow.");

    private static DateTimeOffset? Since(string? text, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= 100_000)
        {
            switch (text[^1])
            {
                case 'm':
                    return now.AddMinutes(-count);
                case 'h':
                    return now.AddHours(-count);
                case 'd':
                    return now.AddDays(-count);
            }
        }

        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment
            : throw new UsageException(
                $"--since: '{text}' is not a time such as 2026-11-22T08:00:00Z or an age such as 30m, 12h or 7d.");
    }

    private static int Limit(string? text) =>
        text is null ? int.MaxValue
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? limit
        : throw new UsageException($"--limit: '{text}' is not a whole number above 0.");
}
