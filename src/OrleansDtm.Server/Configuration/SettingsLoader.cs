using System.Globalization;
using OrleansDtm.CommandLines;
using OrleansDtm.Server.Checks;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.Server.Configuration;

/// <summary>
/// Sources of settings, the later ones override: appsettings.json, environment, DTM's conf.yml (<c>-c file</c>),
/// command line. As in DTM, the file overrides the environment.
/// </summary>
public static partial class SettingsLoader
{
    /// <summary>Unknown settings are an error.</summary>
    private const string Strict = "Settings:Strict";

    /// <summary>DTM's environment names (and the same on our command line) for our keys.</summary>
    private static readonly Dictionary<string, string> DtmNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["STORE_DRIVER"] = "Store:Driver",
        ["STORE_HOST"] = "Store:Host",
        ["STORE_PORT"] = "Store:Port",
        ["STORE_USER"] = "Store:User",
        ["STORE_PASSWORD"] = "Store:Password",
        ["STORE_DB"] = "Store:Db",
        ["STORE_PATH"] = "Store:Path",
        ["STORE_CONNECTION_STRING"] = "Store:ConnectionString",
        ["STORE_SCHEMA"] = "Store:Schema",
        ["STORE_MAX_OPEN_CONNS"] = "Store:MaxOpenConns",
        ["STORE_MAX_IDLE_CONNS"] = "Store:MaxIdleConns",
        ["STORE_CONN_MAX_LIFE_TIME"] = "Store:ConnMaxLifeTime",
        ["HTTP_PORT"] = "HttpPort",
        ["GRPC_PORT"] = "GrpcPort",
        ["TRANS_CRON_INTERVAL"] = "TransCronInterval",
        ["TIMEOUT_TO_FAIL"] = "TimeoutToFail",
        ["RETRY_INTERVAL"] = "RetryInterval",
        ["RETRY_INTERVAL_MAX"] = "RetryIntervalMax",
        ["REQUEST_TIMEOUT"] = "RequestTimeout",
        ["CONFIG_UPDATE_INTERVAL"] = "ConfigUpdateInterval",
        ["ALERT_RETRY_LIMIT"] = "AlertRetryLimit",
        ["ALERT_WEB_HOOK"] = "AlertWebHook",
        ["LOG_LEVEL"] = "LogLevel",
    };

    /// <summary>All keys of <see cref="CoordinatorOptions"/>.</summary>
    private static readonly HashSet<string> OwnKeys = new(
        [
            .. DtmNames.Values, .. SecuritySettings.Names, .. BranchSettings.Names, .. ClusterSettings.Names,
            .. AuditSettings.Names,
        ],
        StringComparer.OrdinalIgnoreCase)
    {
        Strict,
        "Bind",
        "DrainTimeout",
        "Grpc:TlsCertificate",
        "Grpc:TlsKey",
        "Grpc:StreamsPerConnectionMax",
        "Limits:RequestBytesMax",
        "Limits:StepsMax",
        "Limits:BranchCallsMax",
        "Limits:LiveBytesMax",
        "Limits:BranchCallsPerServiceMax",
        "Limits:BranchCallsPerTransactionMax",
        "Limits:BatchRate",
        "Limits:ResultBytesMax",
        "Limits:NamespaceUnfinishedMax",
        "Store:CommitDelay",
        "Store:Retention",
        "Admin:Enabled",
        "Admin:BasePath",
        "Admin:TraceUrl",
    };

    /// <summary>Lists: entries key:0, key:1 etc., or the lines of one text.</summary>
    private static readonly string[] OwnLists =
    [
        "Hosts",
        "Store:Shards",
        NamespaceSettings.List,
        .. SecuritySettings.Lists,
        .. BranchSettings.Lists,
    ];

    /// <exception cref="SettingsException">The settings are invalid.</exception>
    public static CoordinatorOptions Load(string[] args) => Load(args, Console.Error.WriteLine);

    /// <param name="args">Settings as on the command line.</param>
    /// <param name="ignored">Called for each setting that is ignored: unknown, or without effect.</param>
    /// <exception cref="SettingsException">The settings are invalid.</exception>
    internal static CoordinatorOptions Load(string[] args, Action<string> ignored)
    {
        ArgumentNullException.ThrowIfNull(args);
        var line = CommandLine(args, out var file);
        try
        {
            var root = Sources(file, line, ignored);
            var options = Read(root);
            foreach (var without in NoEffects.Of(root, options))
            {
                ignored(without);
            }

            return options with { Shown = SettingsReport.Rows(Explain(root), options) };
        }
        catch (InvalidDataException e)
        {
            throw new SettingsException([$"appsettings.json: {e.Message} {e.InnerException?.Message}"]);
        }
    }

    private static IConfigurationRoot Sources(
        string? file, Dictionary<string, string?> given, Action<string> ignored)
    {
        var yaml = file is null ? [] : Yaml(file);
        // SourceNames has the same order.
        var sources = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
            .AddInMemoryCollection(DtmEnvironment())
            .AddEnvironmentVariables()
            .AddEnvironmentVariables("ORLEANSDTM_")
            .AddInMemoryCollection(yaml)
            .AddInMemoryCollection(given)
            .Build();
        IReadOnlyList<string> unknown =
        [
            .. yaml.Keys.Where(static key => !IsOwn(key)).Select(key => Unknown($"{file}: {key}", key)),
            .. FindUnknown(),
        ];
        if (unknown.Count > 0 && new SettingsReader(sources).Truth(Strict))
        {
            throw new SettingsException([.. unknown]);
        }

        foreach (var line in unknown)
        {
            ignored($"{line} It is ignored; with {Strict}=true the coordinator does not start.");
        }

        return sources;
    }

    private static bool IsOwn(string key) => OwnKeys.Contains(key)
        || ServiceSettings.IsOwn(key)
        || TelemetrySettings.Keys.Contains(key, StringComparer.OrdinalIgnoreCase)
        || OwnLists.Contains(key, StringComparer.OrdinalIgnoreCase)
        || OwnLists.Any(list => key.StartsWith(list + ":", StringComparison.OrdinalIgnoreCase)
            && int.TryParse(key.AsSpan(list.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static Dictionary<string, string?> CommandLine(string[] args, out string? file)
    {
        file = null;
        var found = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v]
                ? (n, v)
                : (args[i], i + 1 < args.Length ? args[++i] : null);
            if (value is null)
            {
                throw new SettingsException(
                    [$"{name}: a value is missing; write {name}=value. --help lists the settings."]);
            }

            if (name is "-c" or "--config")
            {
                file = value;
                continue;
            }

            var key = name.TrimStart('-');
            key = DtmNames.GetValueOrDefault(key, key);
            if (!name.StartsWith("--", StringComparison.Ordinal) || !IsOwn(key))
            {
                throw new SettingsException(
                    [$"{name}: unknown setting.{Hint(name)} --help lists the settings."]);
            }

            found[key] = value;
        }

        return found;
    }

    /// <summary>True = a setting as on the command line, such as --HttpPort or --HTTP_PORT.</summary>
    internal static bool IsSetting(string name) => name.StartsWith("--", StringComparison.Ordinal)
        && (IsOwn(name[2..]) || DtmNames.ContainsKey(name[2..]));

    private static string Hint(string name) => Nearest.Hint(
        $"--{name.TrimStart('-')}", AllKeys.Select(static k => $"--{k}"));

    private static IEnumerable<string> AllKeys => OwnKeys.Concat(OwnLists).Concat(TelemetrySettings.Keys);

    private static IEnumerable<KeyValuePair<string, string?>> DtmEnvironment() =>
        from name in DtmNames
        let value = Environment.GetEnvironmentVariable(name.Key)
        where !string.IsNullOrEmpty(value)
        select KeyValuePair.Create(name.Value, (string?)value);

    private static Dictionary<string, string?> Yaml(string file)
    {
        var found = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        try
        {
            using var reader = new StreamReader(file);
            var yaml = new YamlStream();
            yaml.Load(reader);
            if (yaml.Documents.Count > 0)
            {
                Flatten(yaml.Documents[0].RootNode, "", found);
            }

            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or YamlException
            or InvalidOperationException or ArgumentException)
        {
            throw new SettingsException([
                e is IOException or UnauthorizedAccessException or ArgumentException
                    ? $"-c {file}: the file cannot be read: {e.Message.TrimEnd('.')}. Set it to a readable file in the "
                        + "format of DTM's conf.yml."
                    : $"-c {file}: the file is not YAML: {e.Message.TrimEnd('.')}. Set it "
                        + "to a file in the format of DTM's conf.yml."]);
        }
    }

    private static void Flatten(YamlNode node, string prefix, Dictionary<string, string?> found)
    {
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (key, value) in map.Children)
                {
                    var name = (key as YamlScalarNode)?.Value
                        ?? throw new SettingsException([$"-c: '{key}' is not the name of a setting."]);
                    Flatten(value, prefix.Length == 0 ? name! : $"{prefix}:{name}", found);
                }

                break;
            case YamlSequenceNode list:
                for (var i = 0; i < list.Children.Count; i++)
                {
                    Flatten(list.Children[i], string.Create(CultureInfo.InvariantCulture, $"{prefix}:{i}"), found);
                }

                break;
            case YamlScalarNode { Value: { Length: > 0 } text }:
                found[prefix] = text;
                break;
        }
    }

    private static CoordinatorOptions Read(IConfiguration configuration)
    {
        var read = new SettingsReader(configuration);
        var defaults = new CoordinatorOptions();
        const double year = 366 * 86400.0;
        var options = new CoordinatorOptions
        {
            Bind = read.Text("Bind", defaults.Bind),
            Hosts = BranchSettings.Hosts(read, "Hosts"),
            HttpPort = read.Whole("HttpPort", defaults.HttpPort, 0, 65535),
            GrpcPort = read.Whole("GrpcPort", defaults.GrpcPort, 0, 65535),
            TransCronInterval = read.Seconds("TransCronInterval", defaults.TransCronInterval, 0.05, 60),
            TimeoutToFail = read.Seconds("TimeoutToFail", defaults.TimeoutToFail, 0.1, year),
            RetryInterval = read.Seconds("RetryInterval", defaults.RetryInterval, 0.01, 86400),
            RetryIntervalMax = read.Seconds("RetryIntervalMax", defaults.RetryIntervalMax, 0.01, 7 * 86400),
            RequestTimeout = read.Seconds("RequestTimeout", defaults.RequestTimeout, 0.05, 86400),
            DrainTimeout = read.Seconds("DrainTimeout", defaults.DrainTimeout, 0, 3600),
            ConfigUpdateInterval = read.Seconds("ConfigUpdateInterval", defaults.ConfigUpdateInterval, 0.1, 86400),
            AlertRetryLimit = read.Whole("AlertRetryLimit", defaults.AlertRetryLimit, 0, 1000),
            AlertWebHook = read.Text("AlertWebHook", ""),
            LogLevel = Level(read.Choice("LogLevel", "info", "debug", "info", "warn", "error", "fatal")),
            Grpc = ReadGrpc(read, defaults.Grpc),
            Store = StoreSettings.Read(read, defaults.Store),
            Telemetry = TelemetrySettings.Read(read, defaults.Telemetry),
            Admin = AdminSettings.Read(read, defaults.Admin),
            Limits = ReadLimits(read, defaults.Limits),
            Settings = new SettingsOptions { Strict = read.Truth(Strict) },
        };
        options = options with
        {
            Cluster = ClusterSettings.Read(read, defaults.Cluster, options),
            Tls = BranchSettings.ReadTls(read),
            Branches = BranchSettings.Read(read),
            Services = ServiceSettings.Read(configuration, read),
            Security = SecuritySettings.Read(read, defaults.Security),
        };
        options = options with { Audit = AuditSettings.Read(read, defaults.Audit, options.Security) };
        OidcSettings.CheckPage(read, options);
        if (options.AlertWebHook.Length > 0
            && !(Uri.TryCreate(options.AlertWebHook, UriKind.Absolute, out var hook)
                && (hook.Scheme == Uri.UriSchemeHttp || hook.Scheme == Uri.UriSchemeHttps)))
        {
            read.Problem(
                "AlertWebHook", options.AlertWebHook, "an absolute http(s) URL such as https://alerts.example/hook");
        }

        if (options.RetryIntervalMax < options.RetryInterval)
        {
            read.Problem("RetryIntervalMax", $"{options.RetryIntervalMax.TotalSeconds}", "at least RetryInterval");
        }

        if (options.Bind is not ("localhost" or "*") && !System.Net.IPAddress.TryParse(options.Bind, out _))
        {
            read.Problem("Bind", options.Bind, "localhost, * or an IP address");
        }

        if (options.HttpPort == options.GrpcPort && options.HttpPort != 0)
        {
            read.Problem("GrpcPort", $"{options.GrpcPort}", "another port than HttpPort");
        }

        return read.Problems.Count == 0
            ? options
            : throw new SettingsException(read.Problems) { IsRefusedByDriver = read.Refusals == read.Problems.Count };
    }

    private static LimitOptions ReadLimits(SettingsReader read, LimitOptions defaults)
    {
        const int CallsMax = 1_000_000;
        return new LimitOptions
        {
            RequestBytesMax = read.Whole("Limits:RequestBytesMax", defaults.RequestBytesMax, 1024, 256 * 1024 * 1024),
            StepsMax = read.Whole("Limits:StepsMax", defaults.StepsMax, 1, 100_000),
            BranchCallsMax = read.Whole("Limits:BranchCallsMax", defaults.BranchCallsMax, 1, CallsMax),
            LiveBytesMax = read.Whole(
                "Limits:LiveBytesMax", (int)Math.Min(int.MaxValue, defaults.LiveBytesMax), 1024 * 1024, int.MaxValue),
            BranchCallsPerTransactionMax = read.Whole(
                "Limits:BranchCallsPerTransactionMax", defaults.BranchCallsPerTransactionMax, 1, CallsMax),
            ResultBytesMax = read.Whole("Limits:ResultBytesMax", defaults.ResultBytesMax, 1, 1024 * 1024),
            BatchRate = read.Whole("Limits:BatchRate", defaults.BatchRate, 1, 10_000),
            NamespaceUnfinishedMax = read.Whole("Limits:NamespaceUnfinishedMax", 0, 0, 10_000_000),
            Namespaces = NamespaceSettings.Read(read),
            BranchCallsPerServiceMax = read.Whole(
                "Limits:BranchCallsPerServiceMax", defaults.BranchCallsPerServiceMax, 1, CallsMax),
        };
    }

    private static GrpcOptions ReadGrpc(SettingsReader read, GrpcOptions defaults)
    {
        var grpc = new GrpcOptions
        {
            TlsCertificate = read.Text("Grpc:TlsCertificate", ""),
            TlsKey = read.Text("Grpc:TlsKey", ""),
            StreamsPerConnectionMax = read.Whole(
                "Grpc:StreamsPerConnectionMax", defaults.StreamsPerConnectionMax, 1, 100_000),
        };
        if (grpc.TlsCertificate.Length == 0 != (grpc.TlsKey.Length == 0))
        {
            read.Missing(
                grpc.TlsKey.Length == 0 ? "Grpc:TlsKey" : "Grpc:TlsCertificate",
                "TLS needs both Grpc:TlsCertificate and Grpc:TlsKey, PEM files");
        }

        return grpc;
    }

    private static LogLevel Level(string name) => name switch
    {
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
