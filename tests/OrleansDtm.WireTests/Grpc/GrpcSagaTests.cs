using Grpc.Core;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>Sagas submitted over gRPC with gRPC branches.</summary>
[Collection(SharedServer.Name)]
public sealed class GrpcSagaTests(RunningServer running) : IDisposable
{
    private readonly GrpcDtm _grpc = new(running.Process.GrpcUrl);
    private readonly string _gid = GrpcDtm.NewGid();

    public void Dispose() => _grpc.Dispose();

    [Fact]
    public async Task Its_branches_get_payload_metadata_and_headers_byte_for_byte()
    {
        await using var busi = await GrpcParticipant.Start();
        var saga = GrpcDtm.Saga(_gid, busi);
        saga.TransOptions.BranchHeaders.Add(new Dictionary<string, string>
        {
            ["X-Token"] = "abc",
            ["x-data-bin"] = "raw",
            ["grpc-timeout"] = "1n",
            ["dtm-gid"] = "forged",
        });
        await _grpc.Submit(saga);

        var transaction = await running.Dtm.Until("succeed", _gid);

        Assert.Equal("grpc", (string?)transaction["protocol"]);
        Assert.Equal(["/test.Busi/Act1", "/test.Busi/Act2"], busi.Calls.Select(static c => c.Path));
        var call = busi.Calls[1];
        Assert.Equal(GrpcDtm.AllBytes, call.Payload);
        Assert.Equal((_gid, "02", "action"), (call.Gid, call.Branch, call.Op));
        Assert.Equal(("saga", ""), (call.Metadata["dtm-trans_type"], call.Metadata["dtm-dtm"]));
        Assert.Equal(("abc", "cmF3"), (call.Metadata["x-token"], call.Metadata["x-data-bin"].TrimEnd('=')));
        // The server's timeout, because the submitter set none.
        Assert.InRange(GrpcParticipant.TimeoutOf(call), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_submit_names_options_that_its_prepare_did_not()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act1", GrpcReply.Error, GrpcReply.Success);
        var msg = GrpcDtm.Saga(_gid, busi, 1);
        (msg.TransType, msg.QueryPrepared, msg.TransOptions.RetryInterval) = ("msg", busi.Url("Query"), 300);
        await _grpc.Prepare(msg);
        await _grpc.Submit(new DtmRequest
        {
            Gid = _gid,
            TransType = "msg",
            CustomedData = """{"Delay":0.1}""",
            TransOptions = new DtmTransOptions
            {
                RetryInterval = 1,
                BranchHeaders = { ["x-tenant"] = "s", ["connection"] = "close" },
            },
        });

        await running.Dtm.Until("succeed", _gid);
        Assert.All(busi.Calls, static call => Assert.Equal("s", call.Metadata["x-tenant"]));
        Assert.Equal(["Act1", "Act1"], busi.Calls.Select(static c => c.Path["/test.Busi/".Length..]));
    }

    [Fact]
    public async Task An_abort_waits_for_the_rollback_where_the_prepare_said_so()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Cancel1", GrpcReply.Error, GrpcReply.Success);
        await _grpc.Prepare(GrpcDtm.Waiting(new DtmRequest { Gid = _gid, TransType = "tcc" }));
        await _grpc.Register(new DtmBranchRequest
        {
            Gid = _gid,
            TransType = "tcc",
            BranchID = "01",
            Data = { ["confirm"] = busi.Url("Confirm1"), ["cancel"] = busi.Url("Cancel1") },
        });

        await GrpcDtm.Fails(
            StatusCode.FailedPrecondition, _grpc.Abort(new DtmRequest { Gid = _gid, TransType = "tcc" }));
        await running.Dtm.Until("failed", _gid);
        await _grpc.Abort(new DtmRequest { Gid = _gid, TransType = "tcc" });
    }

    [Fact]
    public async Task A_failed_branch_turns_it_back_and_the_reason_tells_who_said_what()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act2", new GrpcReply(StatusCode.Aborted, "no money FAILURE"));
        await _grpc.Submit(GrpcDtm.Saga(_gid, busi));

        var transaction = await running.Dtm.Until("failed", _gid);

        Assert.Equal(
            $"url:{busi.Url("Act2")} return failed: no money FAILURE", (string?)transaction["rollback_reason"]);
        Assert.Equal(["Act1", "Act2", "Comp2", "Comp1"], busi.Calls.Select(static c => c.Path["/test.Busi/".Length..]));
        Assert.Equal("compensate", busi.Calls[^1].Op);
    }

    [Theory]
    [InlineData(StatusCode.FailedPrecondition, "later")]
    [InlineData(StatusCode.Aborted, "ONGOING")] // as SDKs before 1.10
    [InlineData(StatusCode.Unavailable, "boom")]
    [InlineData(StatusCode.Internal, "FAILURE")] // the word alone decides nothing
    [InlineData(StatusCode.DeadlineExceeded, "slow")]
    public async Task What_is_neither_success_nor_failure_is_tried_again(StatusCode status, string message)
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act1", new GrpcReply(status, message), GrpcReply.Success);
        await _grpc.Submit(GrpcDtm.Saga(_gid, busi));

        await running.Dtm.Until("succeed", _gid);

        Assert.Equal(2, busi.On("Act1").Count);
    }

    [Fact]
    public async Task A_branch_that_answers_too_late_is_tried_again()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act1", GrpcReply.Success with { Gate = new Gate() }, GrpcReply.Success);
        var saga = GrpcDtm.Saga(_gid, busi);
        saga.TransOptions.RequestTimeout = 1;
        await _grpc.Submit(saga);

        await running.Dtm.Until("succeed", _gid);

        Assert.Equal(2, busi.On("Act1").Count);
    }

    [Fact]
    public async Task A_waiting_submitter_is_told_success_failure_and_ongoing_apart()
    {
        await using var busi = await GrpcParticipant.Start();
        await _grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(_gid, busi)));
        Assert.Equal("succeed", (string?)(await running.Dtm.Transaction(_gid))!["status"]);

        busi.On("Act2", GrpcReply.Failure);
        var message = await GrpcDtm.Fails(
            StatusCode.Aborted, _grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi))));
        Assert.Contains("no money", message, StringComparison.Ordinal);

        busi.On("Act2", GrpcReply.Error);
        message = await GrpcDtm.Fails(
            StatusCode.FailedPrecondition, _grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi))));
        Assert.Contains("boom", message, StringComparison.Ordinal);
        busi.On("Act2", GrpcReply.Success);
    }

    /// <summary>
    /// In addition to DTM's statuses, so that a client need not parse texts. Clients accept at least 8 KiB of trailers.
    /// </summary>
    [Fact]
    public async Task Trailers_say_what_a_status_does_not_and_stay_small()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act2", GrpcReply.Failure, new GrpcReply(StatusCode.Aborted, new string('余', 1000)), GrpcReply.Error);

        Assert.Equal((StatusCode.Aborted, "rolled-back", "failed", null),
            await Answer(_grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(_gid, busi)))));
        Assert.Equal((StatusCode.Aborted, "conflict", "failed", null),
            await Answer(_grpc.Submit(GrpcDtm.Saga(_gid, busi))));
        Assert.Equal(
            (StatusCode.Aborted, "rolled-back", "failed", "true"),
                await Answer(_grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi)))));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "unfinished", "submitted", null),
                await Answer(_grpc.Submit(GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi)))));
        Assert.Equal((StatusCode.InvalidArgument, "not-found", null, null), await Answer(_grpc.DeleteTopic("nowhere")));

        static async Task<(StatusCode Code, string? Outcome, string? Status, string? Partial)> Answer(Task call)
        {
            var e = await Assert.ThrowsAsync<RpcException>(() => call);
            Assert.True(e.Trailers.Sum(static t => t.Key.Length + t.Value.Length) + Uri.EscapeDataString(
                e.Status.Detail).Length < 6000);
            return (e.StatusCode, e.Trailers.GetValue("dtm-outcome"), e.Trailers.GetValue("dtm-status"),
                e.Trailers.GetValue("dtm-reason-partial"));
        }
    }

    [Fact]
    public async Task An_http_branch_of_it_is_called_by_http()
    {
        await using var busi = await Participant.Start();
        var saga = new DtmRequest
        {
            Gid = _gid,
            TransType = "saga",
            Steps = $$"""[{"action":"{{busi.Url}}/Act","compensate":""}]""",
        };
        saga.BinPayloads.Add(Google.Protobuf.ByteString.CopyFromUtf8("{}"));
        await _grpc.Submit(saga);

        await running.Dtm.Until("succeed", _gid);

        Assert.Equal(("POST", "{}"), (busi.Calls[0].Method, busi.Calls[0].Body));
    }

    [Fact]
    public async Task Several_addresses_of_a_branch_take_turns_and_one_that_is_gone_is_passed_over()
    {
        await using var one = await GrpcParticipant.Start();
        await using var two = await GrpcParticipant.Start();
        var gone = await GrpcParticipant.Start();
        var nobody = gone.Host;
        await gone.DisposeAsync();
        for (var i = 0; i < 10; i++)
        {
            var saga = new DtmRequest
            {
                Gid = GrpcDtm.NewGid(),
                TransType = "saga",
                Steps = $$"""[{"action":"{{one.Host}},{{nobody}},{{two.Host}}/test.Busi/Act","compensate":""}]""",
                TransOptions = new DtmTransOptions { WaitResult = true },
            };
            saga.BinPayloads.Add(Google.Protobuf.ByteString.Empty);
            await _grpc.Submit(saga);
        }

        Assert.Equal(10, one.Calls.Count + two.Calls.Count);
        Assert.True(one.Calls.Count > 0 && two.Calls.Count > 0, $"{one.Calls.Count} and {two.Calls.Count} calls");
    }

    [Theory]
    [InlineData("grpc://")]
    [InlineData("dns:///")]
    public async Task A_branch_may_have_a_scheme(string scheme)
    {
        await using var busi = await GrpcParticipant.Start();
        var saga = new DtmRequest
        {
            Gid = _gid,
            TransType = "saga",
            Steps =
                $$"""[{"action":"{{scheme}}{{busi.Host.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}}/test.Busi/Act","compensate":""}]""",
            TransOptions = new DtmTransOptions { WaitResult = true, RetryInterval = 1 },
        };
        saga.BinPayloads.Add(Google.Protobuf.ByteString.Empty);
        await _grpc.Submit(saga);
        Assert.Single(busi.Calls);
    }
}
