using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Client;
using OrleansDtm.Testing.Calls;
using OrleansDtm.Testing.Hosting;
using OrleansDtm.Testing.Journals;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing;

/// <summary>
/// The coordinator in the process of a test: the production's server and silo, with a store in memory and a virtual
/// clock. Several hosts may run at the same time. Thread-safe.
/// </summary>
public sealed class DtmTestHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Pacer _pacer;
    private readonly Journal _journal;
    private readonly Scripts _scripts;
    private readonly BranchRouter _router;
    private readonly Requests _requests;
    private readonly DtmTestOptions _options;
    private readonly Lazy<ServiceProvider> _client;

    private DtmTestHost(DtmTestOptions options)
    {
        _options = options;
        _pacer = new Pacer(options);
        _journal = new Journal(_pacer);
        _scripts = new Scripts();
        _router = new BranchRouter(_journal, options.AllowNetwork);
        _requests = new Requests(_pacer);
        _client = new Lazy<ServiceProvider>(BuildClient);
        foreach (var (url, handler) in options.Branches)
        {
            _router.Add(url, handler);
        }

        _router.Add(WorkflowCallback.Service, new WorkflowCallback(() => _client.Value));
        _app = Coordinator.Build(options, _pacer, _journal, _scripts, _router, _requests);
    }

    /// <summary>The virtual clock.</summary>
    public DtmTestClock Clock => _pacer.Clock;

    /// <summary>A client of this coordinator, as of an application with <c>AddDtmClient</c>. It uses the real
    /// time.</summary>
    public IDtm Client => _client.Value.GetRequiredService<IDtm>();

    /// <summary>The client for Orleans applications.</summary>
    public ITransactions Transactions => _app.Services.GetRequiredService<ITransactions>();

    /// <summary>The grains of the silo.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <summary>
    /// The address for clients. Without ports it is only a name: such a client sends through
    /// <see cref="CreateHandler"/>.
    /// </summary>
    public Uri Address { get; private set; } = new("http://dtm-test-host");

    /// <summary>The URL of the HTTP API.</summary>
    /// <exception cref="InvalidOperationException">No port is open.</exception>
    public Uri Url => _options.OpenPorts ? Address : throw NoPort();

    /// <summary>The URL of the gRPC API.</summary>
    /// <exception cref="InvalidOperationException">No port is open.</exception>
    public Uri GrpcUrl => _options.OpenPorts ? new Uri(_app.Urls.First()) : throw NoPort();

    /// <summary>The branch calls of all transactions so far, in the order of their virtual times.</summary>
    public IReadOnlyList<TransactionCall> Calls => _journal.AllCalls();

    /// <summary>Starts a coordinator.</summary>
    /// <param name="configure">Sets options. Null (default) = the defaults.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    public static async Task<DtmTestHost> StartAsync(
        Action<DtmTestOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var options = new DtmTestOptions();
        configure?.Invoke(options);
        var host = new DtmTestHost(options);
        try
        {
            await host._app.StartAsync(cancellationToken).ConfigureAwait(false);
            host._pacer.Resume = Coordinator.Resumer(host._app);
            if (options.OpenPorts)
            {
                host.Address = new Uri(host._app.Urls.Last()); // The gRPC port is opened first.
            }

            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Registers the service that serves the branches at a base URL, or replaces it.</summary>
    /// <param name="url">Scheme, host and port, such as <c>http://hotel</c>; the name need not exist.</param>
    /// <param name="handler">Such as <c>factory.Server.CreateHandler()</c>. It is not disposed.</param>
    /// <exception cref="ArgumentException">The URL is not a base URL.</exception>
    public DtmTestHost AddBranches(string url, HttpMessageHandler handler)
    {
        _router.Add(url, handler);
        return this;
    }

    /// <summary>Scripts the calls of a branch, of all transactions or of one.</summary>
    /// <param name="url">The URL without query, such as <c>http://hotel/book</c> or <c>grain://Account/A/Withdraw</c>;
    /// <c>http://hotel/*</c> = all below it.</param>
    /// <param name="gid">Null (default) = all transactions.</param>
    public BranchScript Branch(string url, string? gid = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        return _scripts.Of(url, gid);
    }

    /// <summary>A transaction of any pattern, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Transaction(string gid) => Under(gid, null);

    /// <summary>A saga, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Saga(string gid) => Under(gid, TransTypes.Saga);

    /// <summary>A message, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Msg(string gid) => Under(gid, TransTypes.Msg);

    /// <summary>A TCC, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Tcc(string gid) => Under(gid, TransTypes.Tcc);

    /// <summary>An XA transaction, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Xa(string gid) => Under(gid, TransTypes.Xa);

    /// <summary>A workflow, for assertions.</summary>
    /// <param name="gid">The gid.</param>
    public TransactionUnderTest Workflow(string gid) => Under(gid, TransTypes.Workflow);

    /// <summary>
    /// Completes when everything that is due has been processed: with
    /// <see cref="DtmTestOptions.AutoAdvance"/> all transactions have ended or wait for their submitters.
    /// </summary>
    /// <exception cref="DtmTestException">Something under way did not end within
    /// <see cref="DtmTestOptions.Patience"/>.</exception>
    public Task WhenIdle() => _pacer.WaitForEnd("", static () => false);

    /// <summary>Creates a handler for clients of the coordinator's HTTP and gRPC APIs.</summary>
    public HttpMessageHandler CreateHandler() => _requests.Client(
        _options.OpenPorts
            ? new SocketsHttpHandler { UseProxy = false, UseCookies = false }
            : _app.GetTestServer().CreateHandler());

    /// <summary>
    /// Creates a handler for the branch calls that the SDK of a submitter makes itself, such as the try of a TCC.
    /// </summary>
    public HttpMessageHandler CreateBranchHandler() => new ClientCalls(_router, _pacer, _scripts, _journal);

    /// <summary>Stops the coordinator. Unfinished transactions are lost.</summary>
    public async ValueTask DisposeAsync()
    {
        _pacer.Stop();
        if (_client.IsValueCreated)
        {
            await _client.Value.DisposeAsync().ConfigureAwait(false);
        }

        await _app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _router.Dispose();
    }

    private TransactionUnderTest Under(string gid, string? type)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        return new TransactionUnderTest(gid, type, _pacer, _journal);
    }

    private ServiceProvider BuildClient()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        _options.ConfigureClient?.Invoke(services);
        services.AddDtmTestClient(this, options =>
        {
            options.WorkflowCallback ??= WorkflowCallback.Url;
            _options.ConfigureClientOptions?.Invoke(options);
        });
        return services.BuildServiceProvider();
    }

    private static InvalidOperationException NoPort() => new(
        $"No port is open: set options.{nameof(DtmTestOptions.OpenPorts)}, or send through {nameof(CreateHandler)}().");
}
