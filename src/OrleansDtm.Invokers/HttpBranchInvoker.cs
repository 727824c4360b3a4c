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
        request.Content.Headers.ContentType = JsonContent;
        request.Headers.Accept.Add(JsonAccept);
        if (call.Headers is not null)
        {
            foreach (var (name, value) in call.Headers)
            {
                if (name.StartsWith("content-", StringComparison.OrdinalIgnoreCase))
                {
                    request.Content.Headers.Remove(name);
                    request.Content.Headers.TryAddWithoutValidation(name, value);
                }
                else
                {
                    request.Headers.Remove(name);
                    request.Headers.TryAddWithoutValidation(name, value);
                }
            }
        }

        return request;
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
                while (true)
                {
                    if (read == buffer.Length)
                    {
                        if (read >= _options.ResponseBytesMax)
                        {
                            break;
                        }

                        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_options.ResponseBytesMax, read * 2));
                        buffer.AsSpan(0, read).CopyTo(larger);
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = larger;
                    }

                    var n = await stream.ReadAsync(buffer.AsMemory(read), cancellationToken).ConfigureAwait(false);
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
