using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Tokens;

/// <summary>
/// The keys of an issuer. Fetched with the first token and cached; fetched again for a token with an unknown key, and
/// twice a day, so that withdrawn keys disappear. While fetching fails, tokens with unknown keys cannot be verified.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>
    /// Minimum interval of requests to the issuer; the result, also a failure, is used for this time.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly HttpClient _http = new()
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = 1024 * 1024,
    };
    private readonly string _place;
    private readonly IConfigurationRetriever<OpenIdConnectConfiguration> _retriever;
    private readonly HttpDocumentRetriever _documents;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Action<ILogger, string, string> _sayAway;
    private readonly Lock _lock = new();
    private Task<IssuerKeySet?>? _fetch;
    private long _ended;
    private long _started;
    private bool _isAway;
    private volatile IssuerKeySet? _known;

    public IssuerKeys(JwtOptions options, TimeProvider clock, ILogger log)
        : this(
            options.JwksUri.Length > 0 ? options.JwksUri : Discovery(options.Authority),
            options.JwksUri.Length > 0 ? new KeySetRetriever() : new OpenIdConnectConfigurationRetriever(),
            clock,
            log,
            static (log, place, problem) => log.IssuerIsAway(place, problem))
    {
    }

    /// <param name="place">URL of the document.</param>
    /// <param name="retriever">Reads it.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">Logger.</param>
    /// <param name="sayAway">Logs, with the URL and the error, that it cannot be fetched.</param>
    public IssuerKeys(
        string place, IConfigurationRetriever<OpenIdConnectConfiguration> retriever, TimeProvider clock, ILogger log,
        Action<ILogger, string, string> sayAway)
    {
        (_place, _retriever, _clock, _log, _sayAway) = (place, retriever, clock, log, sayAway);
        _documents = new HttpDocumentRetriever(_http)
        {
            RequireHttps = _place.StartsWith("https", StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>Number of the last fetch that was started.</summary>
    public long Started => Interlocked.Read(ref _started);

    /// <summary>The cached keys; fetches them if there are none. Null = they cannot be fetched.</summary>
    public ValueTask<IssuerKeySet?> Get(CancellationToken cancellationToken)
    {
        if (_known is not { } known)
        {
            return Renew(cancellationToken);
        }

        if (_clock.GetElapsedTime(known.Since) >= Lifetime)
        {
            _ = Fetch(); // Not awaited: the cached keys are used until the issuer returns others.
        }

        return ValueTask.FromResult<IssuerKeySet?>(known);
    }

    /// <summary>
    /// The current keys, at most a second old; one request for all waiting callers. Null = they cannot be fetched.
    /// </summary>
    public async ValueTask<IssuerKeySet?> Renew(CancellationToken cancellationToken) =>
        await Fetch().WaitAsync(cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <summary>URL of the discovery document of an issuer.</summary>
    public static string Discovery(string authority) => authority.TrimEnd('/') + "/.well-known/openid-configuration";

    private Task<IssuerKeySet?> Fetch()
    {
        lock (_lock)
        {
            return _fetch is null || (_fetch.IsCompleted && _clock.GetElapsedTime(_ended) >= Pause)
                ? _fetch = Ask(Interlocked.Increment(ref _started))
                : _fetch;
        }
    }

    private async Task<IssuerKeySet?> Ask(long number)
    {
        await Task.Yield(); // Leaves the lock.
        IssuerKeySet? keys = null;
        try
        {
            // The library's manager refreshes in the background, five minutes apart: the first tokens of a new key
            // would be refused.
            var found = await new ConfigurationManager<OpenIdConnectConfiguration>(_place, _retriever, _documents)
                .GetConfigurationAsync(CancellationToken.None); // Not the caller's token: others wait for it too.
            if (found.SigningKeys.Count == 0)
            {
                throw new InvalidOperationException($"{_place} returned no public key");
            }

            var manager = new StaticConfigurationManager<OpenIdConnectConfiguration>(found)
            {
                UseLastKnownGoodConfiguration = false,
            };
            _known = keys = new IssuerKeySet(manager, number, _clock.GetTimestamp());
            if (_isAway)
            {
                _log.IssuerIsBack(_place);
            }

            _isAway = false;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException
            or OperationCanceledException or ArgumentException)
        {
            if (!_isAway)
            {
                _sayAway(_log, _place, e.GetBaseException().Message);
            }

            _isAway = true; // Logged once, not for each token.
        }

        _ended = _clock.GetTimestamp();
        return keys;
    }

    /// <summary>For a URL that returns only the keys (JWKS), without discovery.</summary>
    private sealed class KeySetRetriever : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(
            string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = new OpenIdConnectConfiguration
            {
                JsonWebKeySet = JsonWebKeySet.Create(await retriever.GetDocumentAsync(address, cancel)),
            };
            foreach (var key in configuration.JsonWebKeySet.GetSigningKeys())
            {
                configuration.SigningKeys.Add(key);
            }

            return configuration;
        }
    }
}

/// <param name="Keys">Immutable; new keys are another object.</param>
/// <param name="Number">Number of the fetch: 1, 2, ...</param>
/// <param name="Since">A timestamp of the clock.</param>
internal sealed record IssuerKeySet(
    StaticConfigurationManager<OpenIdConnectConfiguration> Keys, long Number, long Since);
