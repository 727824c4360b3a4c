using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Running;
using OrleansDtm.Server.Checks;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Configuration;

/// <summary>All settings. Names are those of DTM's conf.yml where DTM has the setting.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>Address to listen on: <c>localhost</c> (default), <c>*</c> for all, or an IP address.</summary>
    public string Bind { get; init; } = "localhost";

    /// <summary>
    /// Host names under which browsers may use the HTTP port, such as <c>dtm.example.com</c> or <c>*.example.com</c>;
    /// <c>*</c> = all. Empty (default) = localhost and IP addresses, which are always allowed. Other clients may use
    /// any name.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Port of the HTTP and JSON-RPC API. Default 36789; 0 = any free one.</summary>
    public int HttpPort { get; init; } = 36789;

    /// <summary>Port of the gRPC API. Default 36790; 0 = any free one.</summary>
    public int GrpcPort { get; init; } = 36790;

    public GrpcOptions Grpc { get; init; } = new();

    public StoreOptions Store { get; init; } = new();

    public ClusterOptions Cluster { get; init; } = new();

    public LimitOptions Limits { get; init; } = new();

    public TelemetryOptions Telemetry { get; init; } = new();

    public AdminOptions Admin { get; init; } = new();

    public SecurityOptions Security { get; init; } = new();

    /// <summary>The audit log. Requests of applications are recorded by default if authentication is on.</summary>
    public AuditOptions Audit { get; init; } = new();

    public TlsOptions Tls { get; init; } = new();

    public BranchOptions Branches { get; init; } = new();

    /// <summary>
    /// Endpoints of named services: entries <c>Services:orders:http:0</c>. Empty (default) = names are host names.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Services { get; init; } = new Dictionary<string, string?>();

    /// <summary>Interval of the sweep for due work. Default 1 s.</summary>
    public TimeSpan TransCronInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Age at which query_prepared is called (msg) or a prepared transaction is rolled back (tcc, xa). Default 35 s.
    /// </summary>
    public TimeSpan TimeoutToFail { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>Wait before the first retry, doubled for each further one. Default 10 s.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum wait between retries. Default 10 min.</summary>
    public TimeSpan RetryIntervalMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Timeout of one branch call. Default 3 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Timeout for requests and calls in flight after SIGTERM. Default 20 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>debug, info (default), warn, error or fatal.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Accepted for DTM's configuration files. Has no effect: topics are always current.</summary>
    public TimeSpan ConfigUpdateInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Failed attempts of a branch before <see cref="AlertWebHook"/> is called. Default 3.</summary>
    public int AlertRetryLimit { get; init; } = 3;

    /// <summary>URL that is called for branches that keep failing; empty (default) = none.</summary>
    public string AlertWebHook { get; init; } = "";

    /// <summary>How settings are read.</summary>
    public SettingsOptions Settings { get; init; } = new();

    /// <summary>The settings with their sources, as they were read; null = they were set in code.</summary>
    internal IReadOnlyList<ShownSetting>? Shown { get; init; }
}

/// <summary>How settings are read.</summary>
public sealed record SettingsOptions
{
    /// <summary>True = settings that do not exist are an error; false (default) = a warning.</summary>
    public bool Strict { get; init; }
}

/// <summary>The store.</summary>
public sealed record StoreOptions
{
    /// <summary><c>sqlite</c> (default), <c>mysql</c> (MariaDB too) or <c>postgres</c>.</summary>
    public string Driver { get; init; } = StoreDrivers.All.Names[0];

    /// <summary>SQLite: the file. Default <c>data/orleansdtm.db</c> below the working directory.</summary>
    public string Path { get; init; } = "data/orleansdtm.db";

    /// <summary>
    /// MySQL and PostgreSQL: the connection string of the ADO.NET driver (MySqlConnector, Npgsql). Empty (default) = it
    /// is built from the settings below, which are DTM's.
    /// </summary>
    public string ConnectionString { get; init; } = "";

    public string Host { get; init; } = "localhost";

    /// <summary>0 = the default port of the database.</summary>
    public int Port { get; init; }

    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>Database name; created if it is missing and the user has permission. Default <c>dtm</c>.</summary>
    public string Db { get; init; } = "dtm";

    /// <summary>
    /// PostgreSQL: the schema of the tables, created if it is missing; empty (default) = the user's search path.
    /// </summary>
    public string Schema { get; init; } = "";

    /// <summary>Connections to the database, the writer's included; at least 2. Default 17.</summary>
    public int MaxOpenConns { get; init; } = 17;

    /// <summary>Idle connections that are kept open. Default 2.</summary>
    public int MaxIdleConns { get; init; } = 2;

    /// <summary>Maximum age of a read connection. Default zero: unlimited. In DTM's settings: minutes.</summary>
    public TimeSpan ConnMaxLifeTime { get; init; }

    /// <summary>
    /// Connection strings (SQLite: files) of several databases, always in the same order. Empty (default) = one
    /// database.
    /// </summary>
    public IReadOnlyList<string> Shards { get; init; } = [];

    /// <summary>
    /// Finished transactions are deleted after this. Default 7 days; null (0 in the settings) = never.
    /// </summary>
    public TimeSpan? Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Wait of a commit for more writes under load; whole milliseconds, at most 100. Default zero.</summary>
    public TimeSpan CommitDelay { get; init; }

    /// <summary>Without its password.</summary>
    public override string ToString() => $"{nameof(StoreOptions)} {Driver}";
}

/// <summary>Settings of the gRPC port.</summary>
public sealed record GrpcOptions
{
    /// <summary>PEM file of the certificate, with its chain if it has one; empty (default) = no TLS.</summary>
    public string TlsCertificate { get; init; } = "";

    /// <summary>PEM file of the certificate's private key.</summary>
    public string TlsKey { get; init; } = "";

    /// <summary>
    /// Concurrent calls on one connection; further ones wait in the client. Default 512: SDKs share one connection.
    /// </summary>
    public int StreamsPerConnectionMax { get; init; } = 512;
}

/// <summary>Membership of silos.</summary>
public sealed record ClusterOptions
{
    public const string Local = "Local";
    public const string AdoNet = "AdoNet";
    public const string Kubernetes = "Kubernetes";

    /// <summary>
    /// <c>Local</c> (default): this process is the only silo. <c>AdoNet</c>: silos find each other in a table of the
    /// database.
    /// <c>Kubernetes</c>: the same, and a silo is a pod.
    /// </summary>
    public string Mode { get; init; } = Local;

    /// <summary>Silo-to-silo port. 0 (default) = 11111, or any free one in mode Local.</summary>
    public int SiloPort { get; init; }

    /// <summary>Port for Orleans clients; 0 = none. Null (default) = 30000, or none in mode Local.</summary>
    public int? GatewayPort { get; init; }

    /// <summary>Silos with the same id form a cluster. Default <c>orleansdtm</c>.</summary>
    public string ClusterId { get; init; } = "orleansdtm";

    /// <summary>Silos with the same id share reminders and grain state. Default <c>orleansdtm</c>.</summary>
    public string ServiceId { get; init; } = "orleansdtm";

    /// <summary>
    /// Database of the cluster tables, of the kind of Store:Driver. Empty (default) = the store's, or its first
    /// shard's.
    /// </summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>
    /// IP address for the other silos. Empty (default) = that of <c>Bind</c>; with <c>*</c> the pod's, or the machine's
    /// first.
    /// </summary>
    public string AdvertisedAddress { get; init; } = "";

    public ClusterTlsOptions Tls { get; init; } = new();

    /// <summary>Whether there can be other silos.</summary>
    public bool IsShared => Mode != Local;

    /// <summary>Without passwords.</summary>
    public override string ToString() => $"{nameof(ClusterOptions)} {Mode} {ClusterId}";
}

/// <summary>
/// TLS between silos, and between silos and Orleans clients. Both sides need a certificate of the authorities. PEM
/// files, reloaded when they change; all three or none.
/// </summary>
public sealed record ClusterTlsOptions
{
    /// <summary>
    /// The silo's certificate, followed by intermediate certificates if there are any; empty (default) = no TLS.
    /// </summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>The certificate's private key.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>The authorities of all silos and Orleans clients.</summary>
    public string CaPath { get; init; } = "";

    /// <summary>
    /// DNS name in the certificates of all silos, because silos know each other by IP address. A peer without it is
    /// not accepted as a silo. Default <c>orleansdtm</c>.
    /// </summary>
    public string ServerName { get; init; } = "orleansdtm";

    /// <summary>Whether the ports use TLS.</summary>
    public bool IsOn => CertificatePath.Length > 0;
}

/// <summary>Limits of a request. Beyond: 400.</summary>
public sealed record LimitOptions
{
    /// <summary>Maximum bytes of a request body. Default 4 MiB.</summary>
    public int RequestBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Maximum steps of a transaction. Default 1000.</summary>
    public int StepsMax { get; init; } = 1000;

    /// <summary>
    /// Branch calls in flight per silo. Default: by the process's limit of open files, at most 10,000.
    /// </summary>
    public int BranchCallsMax { get; init; } = OpenFiles.BranchCalls;

    /// <summary>
    /// Bytes of the transactions in memory, per silo. Default: an eighth of the memory that .NET may use, at least
    /// 32 MiB.
    /// </summary>
    public long LiveBytesMax { get; init; } = MemoryShare.LiveBytes;

    /// <summary>Concurrent calls to one branch service, per silo. Default 512.</summary>
    public int BranchCallsPerServiceMax { get; init; } = 512;

    /// <summary>Concurrent calls of one transaction. Default 64.</summary>
    public int BranchCallsPerTransactionMax { get; init; } = 64;

    /// <summary>
    /// Bytes of an answer that is kept as the result of a step; 1 to 1,048,576. Default 65,536. All results of a
    /// transaction together have at most 16 times as much.
    /// </summary>
    public int ResultBytesMax { get; init; } = 64 * 1024;

    /// <summary>Transactions that jobs (POST batch) change in a second; 1 to 10,000. Default 500.</summary>
    public int BatchRate { get; init; } = 500;

    /// <summary>
    /// The maximum number of unfinished transactions of each namespace other than the default one, per silo. Default
    /// 0 = unlimited.
    /// </summary>
    public int NamespaceUnfinishedMax { get; init; }

    /// <summary>The same for single namespaces, by name; 0 = unlimited.</summary>
    public IReadOnlyDictionary<string, int> Namespaces { get; init; } = new Dictionary<string, int>();
}
