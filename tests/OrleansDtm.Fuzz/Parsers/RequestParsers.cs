using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Fuzz.Engine;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Invokers;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Fuzz.Parsers;

/// <summary>The parsers of requests and of branch responses.</summary>
internal static class RequestParsers
{
    private const int BytesMax = 1 << 20;

    private static readonly RequestValidator Validator = new(new RequestOptions());

    private static readonly ServiceProvider Services = new ServiceCollection()
        .AddSingleton(new LargeBodies(2, BytesMax, TimeProvider.System)).BuildServiceProvider();

    public static IEnumerable<Target> All() =>
    [
        new ParserTarget("json-submit", Corpus.Bodies, Submit, typeof(RequestException)),
        new ParserTarget("json-register", Corpus.Bodies, Register, typeof(RequestException)),
        new ParserTarget(
            "json-rpc-call",
            JsonRpcSeeds,
            static input => JsonRpcCall.Of(JsonDocument.Parse(input).RootElement),
            typeof(RequestException),
            typeof(JsonException)),
        new ParserTarget(
            "protobuf", ProtobufSeeds, Protobuf, typeof(InvalidProtocolBufferException), typeof(RequestException)),
        new ParserTarget("query", QuerySeeds, Query, typeof(RequestException)),
        new ParserTarget("url", UrlSeeds, Url, typeof(RequestException)),
        new ParserTarget("headers", HeaderSeeds, Headers, typeof(RequestException)),
        new ParserTarget("custom-data", CustomSeeds, Custom, typeof(RequestException)),
        new ParserTarget("branch-answer", AnswerSeeds, Answer),
        new ParserTarget("results", ResultSeeds, Results),
    ];

    public static IReadOnlyList<byte[]> JsonRpcSeeds { get; } =
    [
        .. Corpus.Bodies.Select(static body => Encoding.UTF8.GetBytes(
            $$"""{"jsonrpc":"2.0","id":"1","method":"submit","params":{{Encoding.UTF8.GetString(body)}}}""")),
        .. Corpus.Texts(
            """{"jsonrpc":"2.0","id":"1","method":"newGid"}""", """[{"jsonrpc":"2.0","id":7,"method":"prepare"}]"""),
    ];

    public static IReadOnlyList<byte[]> ProtobufSeeds { get; } =
    [
        new DtmRequest
        {
            Gid = "g1",
            TransType = "saga",
            Steps =
                """[{"action":"127.0.0.1:58081/busi.Busi/TransOut","compensate":"127.0.0.1:58081/busi.Busi/TransOutRevert"}]""",
            BinPayloads = { ByteString.CopyFromUtf8("x") },
            TransOptions = new DtmTransOptions
            {
                WaitResult = true,
                TimeoutToFail = 60,
                RetryInterval = 10,
                BranchHeaders = { ["a"] = "b" },
            },
        }.ToByteArray(),
        new DtmRequest
        {
            Gid = "g2",
            TransType = "msg",
            QueryPrepared = "127.0.0.1:58081/busi.Busi/Query",
            Steps = """[{"action":"127.0.0.1:58081/a.B/C"}]""",
            BinPayloads = { ByteString.Empty },
        }.ToByteArray(),
        new DtmRequest
        {
            Gid = "g3",
            TransType = "workflow",
            CustomedData = """{"name":"w","data":"AA=="}""",
            ReqExtra = { ["status"] = "succeed" },
        }.ToByteArray(),
        new DtmBranchRequest
        {
            Gid = "g4",
            TransType = "tcc",
            BranchID = "01",
            Data = { ["confirm"] = "127.0.0.1:58081/a.B/C", ["cancel"] = "127.0.0.1:58081/a.B/D" },
            BusiPayload = ByteString.CopyFromUtf8("y"),
        }.ToByteArray(),
        new DtmTopicRequest { Topic = "t", URL = "http://127.0.0.1:8081/x", Remark = "r" }.ToByteArray(),
    ];

    public static IReadOnlyList<byte[]> QuerySeeds { get; } = Corpus.Texts(
        "gid=g1", "status=submitted&transType=saga&limit=10&position=17",
        "createTimeStart=1700000000000&createTimeEnd=1800000000000", "position=17-4-1&limit=1000",
        "topic=t&url=http%3A%2F%2F127.0.0.1%3A8081%2Fx&remark=r", "timeout=60&limit=5", "cat=topics&key=t&position=1");

    private static IReadOnlyList<byte[]> UrlSeeds { get; } = Corpus.Texts(
        "http://a.example:80/x?y=1#z", "https://[::1]:443/", "http://user:pw@h/p",
        "grain://AccountGrain/A%2FB/Withdraw", "topic://orders", "host:50051/busi.Busi/TransIn",
        "grpcs://a:1,b:2/p.S/M", "dns:///svc:1/p.S/M", "http://xn--bcher-kva.example/", "HTTP://A/%0d%0aX: y");

    private static IReadOnlyList<byte[]> HeaderSeeds { get; } = Corpus.Texts(
        "x-a: b\nAuthorization: Bearer t\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    private static IReadOnlyList<byte[]> CustomSeeds { get; } = Corpus.Texts(
        """{"concurrent":true,"orders":{"2":[0,1],"1":[0]}}""",
        """{"delay":60}""",
        """{"name":"wf","data":"aGVsbG8="}""");

    private static IReadOnlyList<byte[]> ResultSeeds { get; } = Corpus.Texts(
        """{"a":{"$result":"01","pointer":"/a/pointer"}}""", """[{"$result":"01"},{"pointer":"/0","$result":"01"}]""",
        """{"$result":"01","pointer":"/~0~1/2"}""", """{"a":1,"\ud800":2}""", """{"\u0024result":"01","x":{"$result":{}}}""");

    private static IReadOnlyList<byte[]> AnswerSeeds { get; } = Corpus.Texts(
        """{"dtm_result":"SUCCESS"}""", "FAILURE", "ONGOING", """{"jsonrpc":"2.0","id":"1","result":{}}""",
        """{"jsonrpc":"2.0","id":"1","error":{"code":-32901,"message":"no"}}""", "<html>bad gateway</html>");

    private static void Submit(byte[] input)
    {
        var request = RequestBody.Read(Context(input), BytesMax).AsTask().GetAwaiter().GetResult();
        RequestValidator.Gid(request.Gid, "");
        Validator.Submission(request, "", prepare: input.Length % 2 == 0, DateTimeOffset.UnixEpoch);
    }

    private static void Register(byte[] input) =>
        RequestBody.ReadRegister(Context(input), BytesMax).AsTask().GetAwaiter().GetResult();

    private static DefaultHttpContext Context(byte[] body)
    {
        var context = new DefaultHttpContext { RequestServices = Services };
        context.Request.Body = new MemoryStream(body);
        return context;
    }

    private static void Protobuf(byte[] input)
    {
        GrpcRequests.Of(DtmBranchRequest.Parser.ParseFrom(input));
        Validator.Submission(
            GrpcRequests.Of(DtmRequest.Parser.ParseFrom(input)), "", prepare: false, DateTimeOffset.UnixEpoch);
    }

    private static void Query(byte[] input)
    {
        var query = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(input));
        var request = ListQuery.Parse(
            name => query.TryGetValue(name, out var value) ? value.ToString() : null,
            "",
            DateTimeOffset.UnixEpoch);
        ListPosition.Parse(request.Position, input.Length % 3 == 0 ? 3 : 1);
    }

    private static void Url(byte[] input)
    {
        var url = Encoding.UTF8.GetString(input);
        var protocol = (input.Length % 3) switch { 0 => "grpc", 1 => "json-rpc", _ => "http" };
        var isPlain = BranchUrlRules.IsPlainHttp(url);
        try
        {
            BranchUrlRules.Check(url, protocol, "action");
        }
        catch (RequestException e)
        {
            Must(!isPlain, $"the short way takes what the long way refuses: {e.Message}");
            throw;
        }

        Must(!url.Any(char.IsControl), "a control character passes");
        Must(
            url.Length == 0
                || BranchUrlRules.IsTopic(url)
                || Uri.TryCreate(url, UriKind.Absolute, out _)
                || GrpcTarget.Parse(url) is not null,
            "what passes cannot be called");
    }

    private static void Headers(byte[] input)
    {
        var headers = new Dictionary<string, string?>();
        foreach (var line in Encoding.UTF8.GetString(input).Split('\n'))
        {
            headers[line.Split(": ", 2)[0]] = line.Split(": ", 2) is [_, var value] ? value : null;
        }

        foreach (var (name, value) in BranchHeaderRules.Check(
            headers, input.Length % 2 == 0 ? "grpc" : "http", BranchTargets.Default, NullLogger.Instance) ?? [])
        {
            Must(!(name + value).Any(static c => c is '\r' or '\n' or '\0'), "a header splits the call");
        }
    }

    private static void Custom(byte[] input)
    {
        foreach (var type in new[] { "saga", "msg", "workflow" })
        {
            try
            {
                Validator.Submission(
                    new TransactionRequest
                    {
                        Gid = "g",
                        TransType = type,
                        CustomData = Encoding.UTF8.GetString(input),
                        Steps = type == "workflow" ? null : [new StepRequest(), new StepRequest(), new StepRequest()],
                    },
                    "",
                    prepare: false,
                    DateTimeOffset.UnixEpoch);
            }
            catch (RequestException) when (type != "workflow")
            {
                // Other types may accept the input.
            }
        }
    }

    private static void Answer(byte[] input)
    {
        var status = input.Length > 1 ? 200 + (input[0] * 2) : 200;
        OutcomeRules.FromHttp(status, input);
        OutcomeRules.FromNotice(status, input);
        OutcomeRules.FromJsonRpc(status, input, whole: input.Length % 2 == 0);
        OutcomeRules.FromGrpc((StatusCode)(status % 18), Encoding.UTF8.GetString(input));
    }

    private static void Must(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    /// <summary>
    /// The first half of the input is a payload, all of it or the rest an answer. What is sent must be JSON again.
    /// </summary>
    private static void Results(byte[] input)
    {
        var half = input.AsMemory(0, input.Length / 2);
        UseResult(input, input);
        UseResult(half, input.AsMemory(half.Length));
        UseResult("""[{"$result":"01","pointer":"/a"},{"$result":"01"}]"""u8.ToArray(), input);
    }

    private static void UseResult(ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> body)
    {
        var now = DateTimeOffset.UnixEpoch;
        var definition = new TransactionDefinition
        {
            Gid = "g",
            Type = TransactionType.Saga,
            Created = now,
            Options = new TransactionOptions { ResultBytesMax = BytesMax },
        };
        var steps = new BranchStep[] { new("http://a", "", default), new("http://a", "", payload) };
        var created = TransactionMachine.Decide(
            null,
            new TransactionEvent.Submit(new Submission(definition, BranchPlan.Of(TransactionType.Saga, steps, now))),
            now);
        if (created.Rejection is not null)
        {
            return;
        }

        var answer = new TransactionEvent.BranchAnswered(
            1, Outcome.Succeeded with { Answer = new StepResult(body) }, TimeSpan.Zero);
        var decided = TransactionMachine.Decide(created.Next, answer, now);
        var (sent, problem) = ResultPayloads.Fill(decided.Next!, decided.Calls.Single().Branch);
        if (problem is null && !sent.Span.SequenceEqual(payload.Span))
        {
            using var json = JsonDocument.Parse(sent, new JsonDocumentOptions { MaxDepth = 2000 });
        }
    }
}
