using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>msg, tcc, xa, workflow and topics over gRPC with gRPC branches.</summary>
[Collection(SharedServer.Name)]
public sealed class GrpcPatternTests(RunningServer running) : IDisposable
{
    private readonly GrpcDtm _grpc = new(running.Process.GrpcUrl);
    private readonly string _gid = GrpcDtm.NewGid();

    public void Dispose() => _grpc.Dispose();

    [Fact]
    public async Task A_gid_is_new_each_time()
    {
        var (one, two) = (await _grpc.Gid(), await _grpc.Gid());
        Assert.NotEmpty(one);
        Assert.NotEqual(one, two);
    }

    [Fact]
    public async Task A_prepared_msg_is_queried_and_then_sent()
    {
        await using var busi = await GrpcParticipant.Start();
        var msg = Msg(busi.Url("Act"));
        msg.QueryPrepared = busi.Url("Query");
        msg.TransOptions = new DtmTransOptions { TimeoutToFail = 1 };
        await _grpc.Prepare(msg);

        var query = await busi.Called("Query");
        await running.Dtm.Until("succeed", _gid);

        Assert.Equal((_gid, "00", "msg"), (query.Gid, query.Branch, query.Op));
        Assert.Equal(GrpcDtm.AllBytes, Assert.Single(busi.On("Act")).Payload);
    }

    [Fact]
    public async Task A_prepared_msg_can_be_submitted_or_aborted()
    {
        await using var busi = await GrpcParticipant.Start();
        var msg = Msg(busi.Url("Act"));
        msg.QueryPrepared = busi.Url("Query");
        await _grpc.Prepare(msg);
        await _grpc.Submit(msg);
        await running.Dtm.Until("succeed", _gid);
        await GrpcDtm.Fails(StatusCode.Aborted, _grpc.Prepare(msg)); // too late

        msg.Gid = GrpcDtm.NewGid();
        await _grpc.Prepare(msg);
        await _grpc.Abort(msg);
        await running.Dtm.Until("failed", msg.Gid);
        Assert.Single(busi.Calls);
    }

    [Theory]
    [InlineData(true, "confirm", "succeed")]
    [InlineData(false, "cancel", "failed")]
    public async Task A_tcc_confirms_or_cancels_its_branches(bool forward, string op, string end)
    {
        await using var busi = await GrpcParticipant.Start();
        var tcc = new DtmRequest { Gid = _gid, TransType = "tcc", RollbackReason = forward ? "" : "changed my mind" };
        await _grpc.Prepare(tcc);
        await _grpc.Register(new DtmBranchRequest
        {
            Gid = _gid,
            TransType = "tcc",
            BranchID = "01",
            Data = { ["confirm"] = busi.Url("confirm"), ["cancel"] = busi.Url("cancel") },
            BusiPayload = ByteString.CopyFrom(GrpcDtm.AllBytes),
        });
        await (forward ? _grpc.Submit(tcc) : _grpc.Abort(tcc));

        var transaction = await running.Dtm.Until(end, _gid);

        var call = Assert.Single(busi.Calls);
        Assert.Equal((op, "01"), (call.Op, call.Branch));
        Assert.Equal(GrpcDtm.AllBytes, call.Payload);
        Assert.Equal(forward ? null : "changed my mind", (string?)transaction["rollback_reason"]);
    }

    [Theory]
    [InlineData(true, "commit", "succeed")]
    [InlineData(false, "rollback", "failed")]
    public async Task An_xa_commits_or_rolls_back_its_branches(bool forward, string op, string end)
    {
        await using var busi = await GrpcParticipant.Start();
        var xa = new DtmRequest { Gid = _gid, TransType = "xa" };
        await _grpc.Prepare(xa);
        await _grpc.Register(new DtmBranchRequest
        {
            Gid = _gid,
            TransType = "xa",
            BranchID = "01",
            Data = { ["url"] = busi.Url("Xa") },
        });
        await (forward ? _grpc.Submit(xa) : _grpc.Abort(xa));

        await running.Dtm.Until(end, _gid);

        Assert.Equal(
            (op, "01", "xa"), (busi.Calls.Single().Op, busi.Calls[0].Branch, busi.Calls[0].Metadata["dtm-trans_type"]));
    }

    [Theory]
    [InlineData("succeed", "")]
    [InlineData("failed", "no money")]
    public async Task A_workflow_tells_its_progress_and_once_finished_its_result(string end, string reason)
    {
        var workflow = new DtmRequest
        {
            Gid = _gid,
            TransType = "workflow",
            CustomedData = """{"name":"wf","data":"AAEC"}""",
        };
        var fresh = await _grpc.Workflow(workflow);
        Assert.Equal((_gid, "prepared", 0), (fresh.Transaction.Gid, fresh.Transaction.Status, fresh.Progresses.Count));
        await _grpc.Register(new DtmBranchRequest
        {
            Gid = _gid,
            TransType = "workflow",
            BranchID = "01",
            Data = { ["op"] = "action", ["status"] = "succeed" },
            BusiPayload = ByteString.CopyFrom(GrpcDtm.AllBytes),
        });
        var result = Convert.ToBase64String(GrpcDtm.AllBytes);
        var submit = workflow.Clone();
        submit.ReqExtra.Add(
            new Dictionary<string, string> { ["status"] = end, ["rollback_reason"] = reason, ["result"] = result });

        var progress = Assert.Single((await _grpc.Workflow(workflow)).Progresses);
        await _grpc.Submit(submit);
        var finished = (await _grpc.Workflow(workflow)).Transaction;

        Assert.Equal(("01", "action", "succeed"), (progress.BranchID, progress.Op, progress.Status));
        Assert.Equal(GrpcDtm.AllBytes, progress.BinData.ToByteArray());
        Assert.Equal((end, reason, result), (finished.Status, finished.RollbackReason, finished.Result));
    }

    [Fact]
    public async Task A_silent_workflow_is_called_with_its_data_in_a_message()
    {
        await using var busi = await GrpcParticipant.Start();
        await _grpc.Workflow(new DtmRequest
        {
            Gid = _gid,
            TransType = "workflow",
            QueryPrepared = busi.Url("Execute"),
            CustomedData = $$"""{"name":"wf1","data":"{{Convert.ToBase64String(GrpcDtm.AllBytes)}}"}""",
            TransOptions = new DtmTransOptions { RetryInterval = 1 },
        });

        var call = await busi.Called("Execute");

        Assert.Equal((_gid, "00", "wf1"), (call.Gid, call.Branch, call.Op));
        Assert.Equal(GrpcDtm.AllBytes, WorkflowData.Parser.ParseFrom(call.Payload).Data.ToByteArray());
        await running.Dtm.Post("forceStop", new() { ["gid"] = _gid });
    }

    [Fact]
    public async Task A_msg_to_a_topic_goes_to_its_subscribers()
    {
        await using var busi = await GrpcParticipant.Start();
        var topic = "t-" + _gid;
        await _grpc.Subscribe(topic, busi.Url("One"));
        await _grpc.Subscribe(topic, busi.Url("Two"));
        await GrpcDtm.Fails(StatusCode.Aborted, _grpc.Subscribe(topic, busi.Url("One")));
        await _grpc.Unsubscribe(topic, busi.Url("Two"));
        await _grpc.Submit(Msg("topic://" + topic));
        await running.Dtm.Until("succeed", _gid);
        Assert.Equal(("/test.Busi/One", "01"), (busi.Calls.Single().Path, busi.Calls[0].Branch));

        await _grpc.DeleteTopic(topic);
        await GrpcDtm.Fails(StatusCode.InvalidArgument, _grpc.DeleteTopic(topic));
    }

    private DtmRequest Msg(string action) => new()
    {
        Gid = _gid,
        TransType = "msg",
        Steps = $$"""[{"action":"{{action}}"}]""",
        BinPayloads = { ByteString.CopyFrom(GrpcDtm.AllBytes) },
    };
}
