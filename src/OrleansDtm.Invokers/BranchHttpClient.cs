using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Shared by all calls over HTTP: connections, branch headers, the limited read of the response, error texts. Responses
/// may be compressed (gzip, deflate, br), but the client does not request it: responses are short.
/// </summary>
public sealed class BranchHttpClient : IDisposable
{
    private readonly InvokerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ServicePlaces? _services;
    private readonly HttpMessageInvoker _http;
    private readonly HttpMessageInvoker? _proxied;

    /// <summary>
    /// Connections of service names, separate from the others: rules that allow a service do not allow its address.
    /// </summary>
    private readonly HttpMessageInvoker? _named;

    /// <param name="options">Limits, rules, proxy.</param>
    /// <param name="clock">For dates in Retry-After; null (default) = the machine's.</param>
    /// <param name="log">Gets a debug line for headers that are left out; null (default) = no log.</param>
    public BranchHttpClient(InvokerOptions options, TimeProvider? clock = null, ILogger<BranchHttpClient>? log = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _clock = clock ?? TimeProvider.System;
        _log = log ?? NullLogger<BranchHttpClient>.Instance;
        _http = Sender(options);
        if (options is { Proxy: { } proxy, Handler: null })
        {
            // The proxy opens the connections and its address is the operator's, so the rules check the URL.
            var handler = Handler(options).UseCertificates(options);
            (handler.Proxy, handler.UseProxy) = (proxy, true);
            _proxied = new HttpMessageInvoker(handler);
        }

        if (options.Services is { } services)
        {
            _services = new ServicePlaces(services);
            _named = Sender(options);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _proxied?.Dispose();
        _named?.Dispose();
    }

    /// <param name="call">The call; its headers are sent.</param>
    /// <param name="target">Sets method, URL and body; an exception is an Unknown outcome.</param>
    /// <param name="keep">Bytes of the body for the rules. The words are found in all of it.</param>
    /// <param name="rules">Converts the response to an outcome.</param>
    /// <param name="cancellationToken">Cancels the call; the outcome is then Unknown.</param>
    internal async Task<Outcome> Send(
        BranchInvocation call,
        Func<BranchInvocation, (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body)> target,
        int keep,
        AnswerRules rules,
        CancellationToken cancellationToken)
    {
        try
        {
            var (method, url, body) = target(call);
            if (ServiceUrl.Is(url) || (_services is not null && ServiceUrl.EndOfName(url) > 0))
            {
                return await SendToService(
                    call, method, url, body, keep, rules, cancellationToken).ConfigureAwait(false);
            }

            using var request = BranchRequest.Create(call, method, url, body, _log);
            return await Send(call, request, keep, rules, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Outcome.Unknown("no answer within the request timeout");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or FormatException or NotSupportedException
            or ArgumentException or InvalidOperationException)
        {
            return Outcome.Unknown(Words(e));
        }
    }

    /// <summary>The URL without its fragment.</summary>
    internal static ReadOnlySpan<char> WithoutFragment(ReadOnlySpan<char> url)
    {
        var fragment = url.IndexOf('#');
        return fragment < 0 ? url : url[..fragment];
    }

    private static HttpMessageInvoker Sender(InvokerOptions options) => options.Handler is { } handler
        ? new HttpMessageInvoker(handler, disposeHandler: false)
        : new HttpMessageInvoker(Handler(options).Guard(options));

    private static SocketsHttpHandler Handler(InvokerOptions options) => new()
    {
        // A redirect must not move a call to another host.
        AllowAutoRedirect = false,
        UseCookies = false,

        // The environment's proxy is ignored; only the settings count.
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = options.ConnectionLifetime,
        MaxResponseHeadersLength = Math.Max(1, options.ResponseHeaderBytesMax / 1024),
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.ConnectTimeout,

        // Services usually allow 100 concurrent calls on an HTTP/2 connection; the bulkhead may have more.
        EnableMultipleHttp2Connections = true,

        // As Go's client, and so DTM, sends them.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
    };

    private Task<Outcome> Send(
        BranchInvocation call, HttpRequestMessage request, int keep, AnswerRules rules,
        CancellationToken cancellationToken)
    {
        if (_proxied is null || _options.Proxy!.IsBypassed(request.RequestUri!))
        {
            return Send(_http, call, request, keep, rules, cancellationToken);
        }

        return _options.Targets.FindProxiedProblem(request.RequestUri!) is { } denied
            ? Task.FromResult(Outcome.Unknown(denied))
            : Send(_proxied, call, request, keep, rules, cancellationToken);
    }

    private async Task<Outcome> Send(
        HttpMessageInvoker http, BranchInvocation call, HttpRequestMessage request, int keep, AnswerRules rules,
        CancellationToken cancellationToken)
    {
        // An address can have many names: check the name in the Host header too.
        if (call.Headers is not null
            && request.Headers.Host is { } host
            && _options.Targets.FindHostProblem(host, request.RequestUri!.Scheme) is { } denied)
        {
            return Outcome.Unknown($"the branch header Host: {denied}");
        }

        CallSpans.Describe(call.Span, request);
        using var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        call.Span?.SetTag("http.response.status_code", (int)response.StatusCode);
        if (call.IsNotice && response.StatusCode == HttpStatusCode.OK)
        {
            return Outcome.Succeeded; // Delivered; the body has no meaning.
        }

        var outcome = await Judge(response, keep, rules, cancellationToken).ConfigureAwait(false);
        return response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
            ? outcome with { RetryAfter = RetryAfter(response) }
            : outcome;
    }

    /// <summary>Tries the endpoints in turn until one accepts the connection.</summary>
    private async Task<Outcome> SendToService(
        BranchInvocation call,
        HttpMethod method,
        string url,
        ReadOnlyMemory<byte> body,
        int keep,
        AnswerRules rules,
        CancellationToken cancellationToken)
    {
        var (query, name, path) = ReadService(url);
        var endpoints = _services is null ? [] : await _services.Find(query, cancellationToken).ConfigureAwait(false);
        if (endpoints.Count == 0)
        {
            if (ServiceUrl.Is(url))
            {
                return Outcome.Unknown(
                    $"no registry knows a service '{name}' (Services:{name}:http:0, Branches:DnsSrv)");
            }

            using var plain = BranchRequest.Create(call, method, url, body, _log);
            return await Send(call, plain, keep, rules, cancellationToken).ConfigureAwait(false);
        }

        var turn = _services!.NextTurn();
        for (var i = 0; ; i++)
        {
            var endpoint = endpoints[(int)(((uint)turn + (uint)i) % endpoints.Count)];
            var scheme = query.StartsWith("https:", StringComparison.Ordinal) ? "https" : "http";
            using var request = BranchRequest.Create(
                call, method, ServicePlaces.Url(endpoint, scheme, path), body, _log);
            request.Options.Set(GuardedConnector.Service, name);
            try
            {
                return await Send(_named!, call, request, keep, rules, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException e) when (i + 1 < endpoints.Count
                && e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
            {
                // Nothing was sent, so try the next endpoint.
            }
        }
    }

    private static (string Query, string Name, string Path) ReadService(string url)
    {
        if (ServiceUrl.Is(url))
        {
            return ServiceUrl.TryRead(url, out var service, out var rest)
                ? ($"https+http://{service}", service.ToString(), rest.ToString())
                : throw new FormatException($"'{url}' names no service; write discovery:///name/path");
        }

        var end = ServiceUrl.EndOfName(url);
        var query = url[..end].ToLowerInvariant();
        return (query, query[(query.IndexOf("://", StringComparison.Ordinal) + 3)..], url[end..]);
    }

    private async Task<Outcome> Judge(
        HttpResponseMessage response, int keep, AnswerRules rules, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var max = _options.ResponseBytesMax;
        var body = new AnswerBody(keep, max);
        Stream? decoded = null;
        try
        {
            var length = response.Content.Headers.ContentLength;
            if (length > max)
            {
                body.Broken = AnswerBody.TooLong(max);
                return rules(body.Answer(status));
            }

            var raw = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            decoded = await ContentDecoder.Open(raw, response.Content.Headers, cancellationToken).ConfigureAwait(false);
            int read;
            do
            {
                read = await decoded.ReadAsync(
                    body.Free((int)(length ?? 1024)), cancellationToken).ConfigureAwait(false);
            }
            while (body.Take(read));
            return rules(body.Answer(status));
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or InvalidDataException or NotSupportedException)
        {
            body.Broken = Words(e);
            return rules(body.Answer(status));
        }
        catch (OperationCanceledException) when (status is ResultWords.FailureStatus or ResultWords.OngoingStatus)
        {
            body.Broken = "its body did not end within the request timeout"; // The status decides.
            return rules(body.Answer(status));
        }
        finally
        {
            body.Dispose();
            if (decoded is DecoderStream)
            {
                await decoded.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Seconds or a date, which is relative to the service's own Date header if there is one.</summary>
    private TimeSpan RetryAfter(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (response.Headers.Date ?? _clock.GetUtcNow()),
            _ => TimeSpan.Zero,
        };
        return asked > TimeSpan.Zero ? asked : TimeSpan.Zero;
    }

    /// <summary>The message with its inner cause, such as "connection refused".</summary>
    private static string Words(Exception e) =>
        e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
            ? $"{e.Message}: {inner.Message}"
            : e.Message;
}
