using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Turns the status and the first bytes of an answer into an outcome.</summary>
/// <param name="status">HTTP's.</param>
/// <param name="body">As much as was read.</param>
/// <param name="whole">Nothing was cut off.</param>
internal delegate Outcome AnswerRules(int status, ReadOnlySpan<byte> body, bool whole);

/// <summary>What all calls over HTTP share: the connections, the branch headers, a bounded read of the answer, words for every mishap.</summary>
public sealed class BranchHttpClient : IDisposable
{
    private static readonly MediaTypeHeaderValue JsonContent = new("application/json");

    private readonly InvokerOptions _options;
    private readonly HttpMessageInvoker _http;

    public BranchHttpClient(InvokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            // A redirect is the service's mistake, or somebody's trick: it must not move a call to another host.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = options.ConnectionLifetime,
            MaxResponseHeadersLength = Math.Max(1, options.ResponseHeaderBytesMax / 1024),
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,

            // As Go's client, and so DTM, sends them.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        }.Guard(options));
    }

    public void Dispose() => _http.Dispose();

    /// <param name="call">Whose headers go with it.</param>
    /// <param name="target">Makes method, URL and body; what it throws is an Unknown outcome too.</param>
    /// <param name="rules">What the answer means.</param>
    /// <param name="cancellationToken">Ends the call; the outcome is then Unknown.</param>
    internal async Task<Outcome> Send(
        BranchInvocation call,
        Func<BranchInvocation, (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body)> target,
        AnswerRules rules,
        CancellationToken cancellationToken)
    {
        try
        {
            var (method, url, body) = target(call);
            using var request = Request(call, method, url, body);

            // Behind one address there may be many names: the one that is asked for counts, not only the one that was looked up.
            if (request.Headers.Host is { } host && _options.Targets.FindProblem($"{request.RequestUri!.Scheme}://{host}") is { } denied)
            {
                return Outcome.Unknown($"the branch header Host: {denied}");
            }

            CallSpans.Describe(call.Span, request);
            using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            call.Span?.SetTag("http.response.status_code", (int)response.StatusCode);
            return await Judge(response, rules, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Outcome.Unknown("no answer within the request timeout");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UriFormatException or FormatException or NotSupportedException)
        {
            return Outcome.Unknown(Words(e));
        }
    }

    /// <summary>The URL without its fragment, which never goes over the wire.</summary>
    internal static ReadOnlySpan<char> WithoutFragment(ReadOnlySpan<char> url)
    {
        var fragment = url.IndexOf('#');
        return fragment < 0 ? url : url[..fragment];
    }

    private static HttpRequestMessage Request(BranchInvocation call, HttpMethod method, string url, ReadOnlyMemory<byte> body)
    {
        var request = new HttpRequestMessage(method, new Uri(url, UriKind.Absolute)) { Content = new ReadOnlyMemoryContent(body) };
        if (call.Headers is { } headers)
        {
            foreach (var (name, value) in headers)
            {
                if (!CallSpans.IsTrace(name))
                {
                    Add(request, name, value);
                }
            }
        }

        if (call.ToldTrace is { } trace)
        {
            Add(request, CallSpans.Parent, trace.Parent);
            if (trace.State.Length > 0)
            {
                Add(request, CallSpans.State, trace.State);
            }
        }

        if (!request.Content.Headers.NonValidated.Contains("Content-Type"))
        {
            request.Content.Headers.ContentType = JsonContent;
        }

        if (!request.Headers.NonValidated.Contains("Accept"))
        {
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
        }

        return request;
    }

    /// <summary>A line break in a value would become a header, or a request, of its own.</summary>
    private static void Add(HttpRequestMessage request, string name, string value)
    {
        // Some names (Expires, Content-Type) are taken by the content only, all others by the request.
        if (value.AsSpan().ContainsAny('\r', '\n', '\0')
            || !(request.Headers.TryAddWithoutValidation(name, value) || request.Content!.Headers.TryAddWithoutValidation(name, value)))
        {
            throw new FormatException($"the branch header '{name}' cannot be sent");
        }
    }

    private async Task<Outcome> Judge(HttpResponseMessage response, AnswerRules rules, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(_options.ResponseBytesMax, Expected(response)));
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                var read = 0;
                var whole = false;
                while (read < _options.ResponseBytesMax)
                {
                    if (read == buffer.Length)
                    {
                        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_options.ResponseBytesMax, read * 2));
                        buffer.AsSpan(0, read).CopyTo(larger);
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = larger;
                    }

                    // The pool may have lent more than was asked for.
                    var free = buffer.AsMemory(read, Math.Min(buffer.Length, _options.ResponseBytesMax) - read);
                    var n = await stream.ReadAsync(free, cancellationToken).ConfigureAwait(false);
                    if (n == 0)
                    {
                        whole = true;
                        break;
                    }

                    read += n;
                }

                return rules((int)response.StatusCode, buffer.AsSpan(0, read), whole);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Expected(HttpResponseMessage response) =>
        (int)Math.Clamp(response.Content.Headers.ContentLength ?? 1024, 64, 64 * 1024);

    /// <summary>The message with its cause: "connection refused" stands in the inner one.</summary>
    private static string Words(Exception e) =>
        e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
            ? $"{e.Message}: {inner.Message}"
            : e.Message;
}
