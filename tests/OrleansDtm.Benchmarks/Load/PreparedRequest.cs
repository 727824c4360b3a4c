using System.Net.Http.Headers;
using System.Text;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>A POST whose body is rendered once for each client. Only its gid changes between requests.</summary>
internal sealed class PreparedRequest
{
    /// <summary>The placeholder of the gid in the body.</summary>
    public static readonly string Placeholder = new('#', Gid.Length);

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly Uri _url;
    private readonly byte[] _body;
    private readonly int[] _gidAt;
    private readonly byte[] _answer = new byte[4096];

    public PreparedRequest(Uri url, string body)
    {
        _url = url;
        _body = Encoding.UTF8.GetBytes(body);
        var at = new List<int>();
        for (var i = body.IndexOf(Placeholder, StringComparison.Ordinal); i >= 0;
            i = body.IndexOf(Placeholder, i + Placeholder.Length, StringComparison.Ordinal))
        {
            at.Add(Encoding.UTF8.GetByteCount(body.AsSpan(0, i)));
        }

        _gidAt = [.. at];
    }

    /// <summary>
    /// Sends the request and reads the response to its end. Returns null, or a description of the error.
    /// </summary>
    public async ValueTask<string?> Send(HttpMessageInvoker http, Gid gid, Uri? url, CancellationToken stop)
    {
        foreach (var at in _gidAt)
        {
            gid.Bytes.CopyTo(_body, at);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, url ?? _url)
        {
            Content = new ByteArrayContent(_body) { Headers = { ContentType = Json } },
        };
        using var response = await http.SendAsync(request, stop);
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        var length = 0;
        int read;
        // A longer response overwrites the buffer, because only the start of an error is shown.
        while ((read = await stream.ReadAsync(_answer.AsMemory(length % _answer.Length), stop)) > 0)
        {
            length += read;
        }

        return response.StatusCode == System.Net.HttpStatusCode.OK
            ? null
            : $"{(int)response.StatusCode} from {request.RequestUri!.AbsolutePath}: "
                + $"{Encoding.UTF8.GetString(_answer, 0, Math.Min(length, 300))}";
    }

    public ValueTask<string?> Send(HttpMessageInvoker http, Gid gid, CancellationToken stop) =>
        Send(http, gid, null, stop);
}
