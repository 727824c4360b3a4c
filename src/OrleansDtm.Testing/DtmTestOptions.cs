using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Client;

namespace OrleansDtm.Testing;

/// <summary>Options of a <see cref="DtmTestHost"/>.</summary>
public sealed class DtmTestOptions
{
    /// <summary>
    /// The services that branches are in: a base URL such as <c>http://hotel</c>, and the handler that serves it, such
    /// as that of a <c>WebApplicationFactory</c> (<c>factory.Server.CreateHandler()</c>). More can be added later with
    /// <see cref="DtmTestHost.AddBranches"/>. Default: none.
    /// </summary>
    public IDictionary<string, HttpMessageHandler> Branches { get; } =
        new Dictionary<string, HttpMessageHandler>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// True (default): when nothing is under way, the time jumps to the next due retry, delay or timeout. It passes the
    /// timeout of a prepared transaction only while a test waits for the end of this transaction, since its submitter
    /// may be at work. False: the time changes by <see cref="DtmTestClock.Advance"/> only.
    /// </summary>
    public bool AutoAdvance { get; set; } = true;

    /// <summary>
    /// How far the time advances by itself after the last request of a test. Default 30 days; a transaction that is
    /// retried for longer never ends.
    /// </summary>
    public TimeSpan AutoAdvanceMax { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The start of the virtual time. Null (default) = the current time.</summary>
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>Limit, in real time, of each wait of an assertion or of Advance. Default 30 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// True: the HTTP and gRPC APIs listen on free loopback ports (<see cref="DtmTestHost.Url"/>), for clients in other
    /// processes. False (default): no port is opened.
    /// </summary>
    public bool OpenPorts { get; set; }

    /// <summary>
    /// True: branches at hosts that no handler serves are called over the network. False (default): such a call is an
    /// error of the test.
    /// </summary>
    public bool AllowNetwork { get; set; }

    /// <summary>Default of a transaction's wait before the first retry. Default 10 s.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum wait between retries. Default 10 min.</summary>
    public TimeSpan RetryIntervalMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Default of a transaction's timeout of one branch call. Default 3 s. For a branch that really hangs these are
    /// seconds of real time; a scripted timeout takes virtual time.
    /// </summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Real time without a request after which the submitter of a prepared transaction counts as dead, if the test
    /// waits for the end of that transaction: the time then passes its timeout. Default 1 s. A test of a submitter that
    /// is at work in the background can also hold the time (<see cref="DtmTestClock.Hold"/>).
    /// </summary>
    public TimeSpan SubmitterGrace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Default age at which query_prepared of a message is called, or a prepared TCC or XA is rolled back. Default
    /// 35 s.
    /// </summary>
    public TimeSpan TimeoutToFail { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>Lowest level of the coordinator's log on the console. Default: none.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.None;

    /// <summary>Adds grains to the coordinator's silo (<c>AddBranchGrain</c>). Null (default) = nothing.</summary>
    public Action<ISiloBuilder>? ConfigureSilo { get; set; }

    /// <summary>
    /// Adds services to those of <see cref="DtmTestHost.Client"/>, such as workflows (<c>AddWorkflow</c>). Null
    /// (default) = nothing.
    /// </summary>
    public Action<IServiceCollection>? ConfigureClient { get; set; }

    /// <summary>Options of <see cref="DtmTestHost.Client"/>. Null (default) = the SDK's defaults.</summary>
    public Action<DtmOptions>? ConfigureClientOptions { get; set; }
}
