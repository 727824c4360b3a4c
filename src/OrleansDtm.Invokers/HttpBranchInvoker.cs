using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>Calls branches over HTTP the way DTM does: POST with a body, GET without, who and what in the query.</summary>
public sealed class HttpBranchInvoker : IBranchInvoker, IDisposable
{
    private static readonly MediaTypeHeaderValue JsonContent = new("application/json");
    private static readonly Dictionary<string, string> NoHeaders = [];
    private static readonly MediaTypeWithQualityHeaderValue JsonAccept = new("application/json");

    private readonly InvokerOptions _options;
    private readonly HttpMessageInvoker _http;

    public HttpBranchInvoker(InvokerOptions options)
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
        });
    }

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            using var request = Request(call);
            using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return await Judge(response, cancellationToken).ConfigureAwait(false);
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

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Request(BranchInvocation call)
    {
        // xa calls are POST even without a body: that is how DTM's SDKs route phase two.
        var post = call.Payload.Length > 0 || call.Type == "xa";
        var request = new HttpRequestMessage(post ? HttpMethod.Post : HttpMethod.Get, Target(call))
        {
            Content = new ReadOnlyMemoryContent(call.Payload),
        };
        foreach (var (name, value) in call.Headers ?? NoHeaders)
        {
            Add(request, name, value);
        }

        // The branch's own headers come first: they override these.
        if (!request.Content.Headers.NonValidated.Contains("Content-Type"))
        {
            request.Content.Headers.ContentType = JsonContent;
        }

        if (!request.Headers.NonValidated.Contains("Accept"))
        {
            request.Headers.Accept.Add(JsonAccept);
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

    private static Uri Target(BranchInvocation call)
    {
        var url = call.Url.AsSpan();
        var fragment = url.IndexOf('#');
        if (fragment >= 0)
        {
            url = url[..fragment];
        }

        var target = new StringBuilder(url.Length + call.Gid.Length + 64);
        target.Append(url).Append(url.Contains('?') ? '&' : '?');
        target.Append(BranchQuery.BranchId).Append('=').Append(Uri.EscapeDataString(call.BranchId));
        target.Append('&').Append(BranchQuery.Gid).Append('=').Append(Uri.EscapeDataString(call.Gid));
        target.Append('&').Append(BranchQuery.Op).Append('=').Append(Uri.EscapeDataString(call.Op));
        target.Append('&').Append(BranchQuery.TransType).Append('=').Append(call.Type);
        return new Uri(target.ToString(), UriKind.Absolute);
    }

    private async Task<Outcome> Judge(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(_options.ResponseBytesMax, Expected(response)));
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                var read = 0;
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
                        break;
                    }

                    read += n;
                }

                return OutcomeRules.FromHttp((int)response.StatusCode, buffer.AsSpan(0, read));
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
