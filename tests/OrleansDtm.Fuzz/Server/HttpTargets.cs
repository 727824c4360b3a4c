using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OrleansDtm.Fuzz.Engine;
using OrleansDtm.Fuzz.Parsers;

namespace OrleansDtm.Fuzz.Server;

/// <summary>
/// Sends well-formed HTTP requests to the coordinator. A response with an internal error is a finding.
/// </summary>
/// <param name="tally">Counts the requests that may have left a transaction.</param>
internal abstract class HttpTarget(string name, IReadOnlyList<byte[]> seeds, Coordinator coordinator, Tally tally)
    : Target(name, seeds)
{
    /// <summary>Shared, so that connections are reused, as clients do.</summary>
    private static readonly HttpClient Client = new(
        new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(4),
    };

    public override int Weight => 3;

    public override async Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        var harmless = Harmless.Of(input, coordinator.BranchAuthority);
        using var request = Request(
            harmless, string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{coordinator.Http.Port}"));
        if (request is null)
        {
            return null;
        }

        tally.Sent();
        using var answer = await Client.SendAsync(request, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        return answer.StatusCode >= HttpStatusCode.InternalServerError
            ? $"status {(int)answer.StatusCode}: {request.Method} {request.RequestUri?.PathAndQuery}: {text}"
            : Judge(answer, text);
    }

    /// <returns>The request; null = this client cannot send the input.</returns>
    protected abstract HttpRequestMessage? Request(byte[] input, string server);

    protected virtual string? Judge(HttpResponseMessage answer, string text) => null;
}

internal sealed class BodyTarget(Coordinator coordinator, Tally tally)
    : HttpTarget("http-body", Corpus.Bodies, coordinator, tally)
{
    private static readonly string[] Paths =
    [
        "submit", "prepare", "abort", "registerBranch", "registerXaBranch", "registerTccBranch", "prepareWorkflow",
        "forceStop", "resetNextCronTime", "resetCronTime", "subscribe", "submit", "submit", "prepare",
    ];

    protected override HttpRequestMessage Request(byte[] input, string server) => new(
        HttpMethod.Post, $"{server}/api/dtmsvr/{Paths[input.Length % Paths.Length]}")
    {
        Content = new ByteArrayContent(input)
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        },
    };
}

internal sealed class QueryTarget(Coordinator coordinator, Tally tally)
    : HttpTarget("http-query", RequestParsers.QuerySeeds, coordinator, tally)
{
    private static readonly string[] Paths =
    [
        "query", "all", "resetCronTime", "queryKV", "scanKV", "subscribe", "unsubscribe", "newGid", "version",
        "topic/x", "nothing",
    ];

    protected override HttpRequestMessage? Request(byte[] input, string server)
    {
        var text = Encoding.Latin1.GetString(input);
        var query = string.Concat(
            text.Select(static c => c is <= ' ' or > '~' or '#' ? $"%{(int)c:X2}" : c.ToString()));
        var path = Paths[input.Length % Paths.Length];
        return Uri.TryCreate($"{server}/api/dtmsvr/{path}?{query}", UriKind.Absolute, out var url)
            ? new HttpRequestMessage(
                path.StartsWith("topic", StringComparison.Ordinal) ? HttpMethod.Delete : HttpMethod.Get, url)
            : null;
    }
}

internal sealed class JsonRpcTarget(Coordinator coordinator, Tally tally)
    : HttpTarget("json-rpc", RequestParsers.JsonRpcSeeds, coordinator, tally)
{
    /// <summary>
    /// The error code is the same for all errors of a call. Only unexpected ones have this code of an error page.
    /// </summary>
    private const string Unexpected = "[ODTM1006]";

    protected override HttpRequestMessage Request(byte[] input, string server) => new(
        HttpMethod.Post, $"{server}/api/json-rpc")
    {
        Content = new ByteArrayContent(input)
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        },
    };

    protected override string? Judge(HttpResponseMessage answer, string text)
    {
        using var json = JsonDocument.Parse(text);
        return text.Contains(Unexpected, StringComparison.Ordinal) ? $"internal error: {text}" : null;
    }
}

/// <summary>Protobuf messages in gRPC frames, and invalid frames.</summary>
internal sealed class GrpcTarget(Coordinator coordinator, Tally tally) : Target("grpc", RequestParsers.ProtobufSeeds)
{
    private static readonly string[] Methods =
    [
        .. Protocol.Wire.Dtm.Descriptor.Methods.Concat(Protocol.Coordination.Coordinator.Descriptor.Methods).Select(
            static m => $"{m.Service.FullName}/{m.Name}"),
        "dtmgimp.Dtm/Nothing",
    ];

    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(4),
    };

    public override int Weight => 3;

    public override async Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        var message = Harmless.Of(input, coordinator.BranchAuthority);
        byte[] framed =
        [
            (byte)(input.Length % 31 == 0 ? 1 : 0), // the compression flag
            // One byte too many in the length.
            0,
            (byte)(message.Length >> 16),
            (byte)(message.Length >> 8),
            (byte)(message.Length + (input.Length % 29 == 0 ? 1 : 0)),
            .. message,
        ];
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            string.Create(CultureInfo.InvariantCulture,
                $"http://127.0.0.1:{coordinator.Grpc.Port}/{Methods[input.Length % Methods.Length]}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(framed)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") },
            },
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        tally.Sent();
        using var answer = await Client.SendAsync(request, cancel);
        await answer.Content.ReadAsByteArrayAsync(cancel);
        var status = Header("grpc-status");

        // Unknown is an unhandled exception, and so is Internal with the coordinator's own text. The gRPC library also
        // returns Internal for an unreadable message.
        return status is "2"
            || (status is "13" && Header("grpc-message")?.Contains("log", StringComparison.Ordinal) == true)
            ? $"grpc-status {status}: {Header("grpc-message")}"
            : answer.StatusCode >= HttpStatusCode.InternalServerError ? $"status {(int)answer.StatusCode}" : null;

        string? Header(string name) =>
            answer.TrailingHeaders.TryGetValues(name, out var values) || answer.Headers.TryGetValues(name, out values)
                ? values.First()
                : null;
    }
}

/// <summary>Counts the requests that may have left a transaction.</summary>
internal sealed class Tally
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Sent() => Interlocked.Increment(ref _count);
}
