using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OrleansDtm.Fuzz.Engine;
using OrleansDtm.Fuzz.Parsers;

namespace OrleansDtm.Fuzz.Server;

/// <summary>Something sent to the coordinator over HTTP, well framed; no answer may be an error of its own.</summary>
/// <param name="tally">Counts what was accepted.</param>
internal abstract class HttpTarget(string name, IReadOnlyList<byte[]> seeds, Coordinator coordinator, Tally tally)
    : Target(name, seeds)
{
    /// <summary>Shared: connections are kept, as clients do.</summary>
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

    /// <returns>Null = this input cannot be sent by this client.</returns>
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
    /// Its code says no more than that the call is in error; what the coordinator did not expect has this of its pages.
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

/// <summary>Protobuf in gRPC's frame, and the frame itself.</summary>
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
            (byte)(input.Length % 31 == 0 ? 1 : 0), // Said to be compressed.
            // A byte too long.
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

        // Unknown = nobody thought of it; Internal with our words = the same. The
        // library says Internal of a message it cannot read.
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

/// <summary>How many requests could have left a transaction behind.</summary>
internal sealed class Tally
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Sent() => Interlocked.Increment(ref _count);
}
