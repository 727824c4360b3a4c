using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>
/// Bad input over gRPC is answered with InvalidArgument and a message that names the field. Nothing is stored, and no
/// branch is called.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class GrpcBadInputTests(RunningServer running) : IDisposable
{
    private static readonly Dictionary<string, (string Word, Action<DtmRequest> Spoil)> Cases = new()
    {
        ["no gid"] = ("gid", static r => r.Gid = ""),
        ["a line break in the gid"] = ("gid", static r => r.Gid += "\n"),
        ["a long gid"] = ("gid", static r => r.Gid = new string('g', 129)),
        ["no type"] = ("trans_type", static r => r.TransType = ""),
        ["an unknown type"] = ("trans_type", static r => r.TransType = "zzz"),
        ["white space at the end of the gid"] = ("gid", static r => r.Gid += "\u3000"),
        ["payloads without steps"] = ("payloads", static r => r.Steps = ""),
        ["steps that are no JSON"] = ("steps", static r => r.Steps = "[{"),
        ["steps that are no list"] = ("steps", static r => r.Steps = "{}"),
        ["a step that is null"] = ("steps[0]", static r => r.Steps = "[null,null]"),
        ["an action without a method"] = ("steps[0].action", static r => r.Steps = """[{"action":"host:1"},{}]"""),
        ["an action with a bad port"] = ("steps[0].action", static r => r.Steps = """[{"action":"host:x/a.B/C"},{}]"""),
        ["an action of an unknown scheme"] = (
            "steps[0].action", static r => r.Steps = """[{"action":"ftp://host/a.B/C"},{}]"""),
        ["too few payloads"] = ("payloads", static r => r.BinPayloads.RemoveAt(0)),
        ["orders in a circle"] = (
            "orders", static r => r.CustomedData = """{"concurrent":true,"orders":{"0":[1],"1":[0]}}"""),
        ["custom data that is no JSON"] = ("custom_data", static r => r.CustomedData = "{"),
        ["a negative timeout"] = ("timeout_to_fail", static r => r.TransOptions.TimeoutToFail = -1),
        ["a negative interval"] = ("retry_interval", static r => r.TransOptions.RetryInterval = -1),
        ["a negative request timeout"] = ("request_timeout", static r => r.TransOptions.RequestTimeout = -1),
        ["a negative retry limit"] = ("retry_limit", static r => r.TransOptions.RetryLimit = -1),
        ["a header that metadata cannot carry"] = (
            "branch_headers", static r => r.TransOptions.BranchHeaders["a!b"] = "x"),
        ["a header with a line break"] = ("branch_headers", static r => r.TransOptions.BranchHeaders["a"] = "x\r\ny"),
    };

    private readonly GrpcDtm _grpc = new(running.Process.GrpcUrl);
    private readonly string _gid = GrpcDtm.NewGid();

    public static TheoryData<string> Bad() => [.. Cases.Keys];

    public void Dispose() => _grpc.Dispose();

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_submit_with_a_bad_field_is_refused_by_name(string what)
    {
        await using var busi = await GrpcParticipant.Start();
        var (word, spoil) = Cases[what];
        var saga = GrpcDtm.Saga(_gid, busi);
        spoil(saga);

        var message = await GrpcDtm.Fails(StatusCode.InvalidArgument, _grpc.Submit(saga));

        Assert.Contains(word, message, StringComparison.Ordinal);
        Assert.Null(await running.Dtm.Transaction(_gid));
        Assert.Empty(busi.Calls);
    }

    [Fact]
    public async Task Other_methods_check_what_they_are_given()
    {
        await Refused("query_prepared", _grpc.Prepare(new DtmRequest
        {
            Gid = _gid,
            TransType = "msg",
            Steps = """[{"action":"host:1/a.B/C"}]""",
            BinPayloads = { ByteString.Empty },
        }));
        await Refused("gid", _grpc.Abort(new DtmRequest { TransType = "tcc" }));
        await Refused("trans_type", _grpc.Abort(new DtmRequest { Gid = _gid }));
        await Refused("trans_type", _grpc.Workflow(new DtmRequest { Gid = _gid, TransType = "saga" }));
        await Refused(
            "custom_data", _grpc.Workflow(new DtmRequest { Gid = _gid, TransType = "workflow", CustomedData = "[" }));
        await Refused("req_extra.status", _grpc.Submit(new DtmRequest { Gid = _gid, TransType = "workflow" }));
        await Refused("branch_id", _grpc.Register(new DtmBranchRequest { Gid = _gid, TransType = "tcc" }));
        await Refused(
            "trans_type", _grpc.Register(new DtmBranchRequest { Gid = _gid, TransType = "saga", BranchID = "01" }));
        await Refused("confirm", _grpc.Register(new DtmBranchRequest
        {
            Gid = _gid,
            TransType = "tcc",
            BranchID = "01",
            Data = { ["confirm"] = "nonsense" },
        }));
        await Refused("topic", _grpc.Subscribe("", "host:1/a.B/C"));
        await Refused("url", _grpc.Subscribe("t", "nonsense"));
        await Refused("url", _grpc.Unsubscribe("t", ""));
        await Refused("topic", _grpc.DeleteTopic(""));
        await Refused("topic", _grpc.Submit(new DtmRequest
        {
            Gid = _gid,
            TransType = "msg",
            Steps = $$"""[{"action":"topic://unknown-{{_gid}}"}]""",
            BinPayloads = { ByteString.Empty },
        }));
        Assert.Null(await running.Dtm.Transaction(_gid));

        static async Task Refused(string word, Task call) =>
            Assert.Contains(word, await GrpcDtm.Fails(StatusCode.InvalidArgument, call), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_unknown_or_over_is_refused()
    {
        await GrpcDtm.Fails(StatusCode.InvalidArgument, _grpc.Abort(new DtmRequest { Gid = _gid, TransType = "tcc" }));
        await GrpcDtm.Fails(
            StatusCode.Aborted,
            _grpc.Register(new DtmBranchRequest { Gid = _gid, TransType = "tcc", BranchID = "01" }));
        await using var busi = await GrpcParticipant.Start();
        await _grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(_gid, busi)));
        await GrpcDtm.Fails(StatusCode.Aborted, _grpc.Submit(GrpcDtm.Saga(_gid, busi)));
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_and_the_connection_goes_on()
    {
        await using var busi = await GrpcParticipant.Start();
        var saga = GrpcDtm.Saga(_gid, busi, 1);
        saga.BinPayloads[0] = ByteString.CopyFrom(new byte[5_000_000]);

        await GrpcDtm.Fails(StatusCode.ResourceExhausted, _grpc.Submit(saga));

        saga.BinPayloads[0] = ByteString.CopyFrom(new byte[4_000_000]);
        await _grpc.Submit(GrpcDtm.Waiting(saga));
        Assert.Equal(4_000_000, Assert.Single(busi.Calls).Payload.Length);
    }

    [Fact]
    public async Task A_message_that_is_no_protobuf_is_answered_with_an_error()
    {
        var bytes = Marshallers.Create(static (byte[] b) => b, static b => b);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "dtmgimp.Dtm", "Submit", bytes, bytes);
        using var call = _grpc.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, [0x0A, 0xFF, 0xFF]);
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode); // Not Unknown, because a retry would not help.
        Assert.NotEmpty(await _grpc.Gid());
    }
}
