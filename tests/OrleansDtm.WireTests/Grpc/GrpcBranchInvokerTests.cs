using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>The invoker alone: whatever a service does, it returns an outcome and does not throw.</summary>
public sealed class GrpcBranchInvokerTests : IDisposable
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly FakeTimeProvider _clock = new();
    private readonly GrpcBranchInvoker _invoker;

    public GrpcBranchInvokerTests() =>
        _invoker = new GrpcBranchInvoker(new InvokerOptions { GrpcChannelsMax = 2 }, _clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _invoker.Dispose();

    [Theory]
    [InlineData(StatusCode.OK, "", OutcomeKind.Succeeded, null)]
    [InlineData(StatusCode.Aborted, "no money", OutcomeKind.Failed, "no money")]
    [InlineData(StatusCode.Aborted, "no money FAILURE", OutcomeKind.Failed, "no money")]
    [InlineData(StatusCode.Aborted, "FAILURE", OutcomeKind.Failed, "Aborted")]
    [InlineData(StatusCode.Aborted, "", OutcomeKind.Failed, "Aborted")]
    [InlineData(StatusCode.Aborted, "ONGOING", OutcomeKind.Ongoing, "ONGOING")]
    [InlineData(StatusCode.FailedPrecondition, "later", OutcomeKind.Ongoing, "later")]
    [InlineData(StatusCode.Unknown, "boom", OutcomeKind.Unknown, "gRPC status Unknown (2): boom")]
    [InlineData(StatusCode.Unimplemented, "FAILURE", OutcomeKind.Unknown, "gRPC status Unimplemented (12): FAILURE")]
    [InlineData(StatusCode.Cancelled, "ONGOING", OutcomeKind.Unknown, "gRPC status Cancelled (1): ONGOING")]
    public async Task The_status_decides(StatusCode status, string message, OutcomeKind outcome, string? error)
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act", new GrpcReply(status, message));

        var answer = await _invoker.Invoke(Call(busi.Url("Act")), Cancel);

        Assert.Equal((outcome, error), (answer.Kind, answer.Error));
    }

    [Fact]
    public async Task A_branch_is_told_how_long_it_is_waited_for_and_no_longer_it_is()
    {
        await using var busi = await GrpcParticipant.Start();
        var told = await _invoker.Invoke(Call(busi.Url("Act")) with { Timeout = TimeSpan.FromSeconds(20) }, Cancel);
        Assert.Equal(OutcomeKind.Succeeded, told.Kind);
        Assert.InRange(GrpcParticipant.TimeoutOf(busi.Calls[0]), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20));

        busi.On("Slow", GrpcReply.Success with { Gate = new Gate() });
        var late = await _invoker.Invoke(
            Call(busi.Url("Slow")) with { Timeout = TimeSpan.FromMilliseconds(300) }, Cancel);
        Assert.Equal(Outcome.Unknown("no answer within the request timeout"), late);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, "2500", 2.5)]
    [InlineData(StatusCode.ResourceExhausted, "99999999999", int.MaxValue / 1000.0)]
    [InlineData(StatusCode.Unavailable, "-1", 0)]
    [InlineData(StatusCode.Internal, "2500", 0)]
    public async Task A_service_that_asks_to_be_left_alone_is_heard(StatusCode status, string pushback, double seconds)
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act", new GrpcReply(status, "busy") { Pushback = pushback });

        var outcome = await _invoker.Invoke(Call(busi.Url("Act")), Cancel);

        Assert.Equal((OutcomeKind.Unknown, TimeSpan.FromSeconds(seconds)), (outcome.Kind, outcome.RetryAfter));
    }

    [Theory]
    [InlineData("127.0.0.1:1/a.B/C", "127.0.0.1:1")] // no listener
    [InlineData("grpcs://127.0.0.1:1/a.B/C", "127.0.0.1:1")]
    [InlineData("127.0.0.1:1,127.0.0.1:2/a.B/C", "")]
    [InlineData("no-such-host.invalid:1/a.B/C", "")]
    [InlineData("dns:///no-such-host.invalid:1/a.B/C", "")]
    [InlineData("nonsense", "host:port/package.Service/Method")]
    [InlineData("ftp://host/a.B/C", "host:port/package.Service/Method")]
    [InlineData("host:99999/a.B/C", "")]
    [InlineData("a:x,b:1/a.B/C", "")]
    public async Task A_service_that_cannot_be_reached_is_unknown_and_the_error_says_why(string url, string word)
    {
        var answer = await _invoker.Invoke(Call(url), Cancel);
        Assert.Equal(OutcomeKind.Unknown, answer.Kind);
        Assert.Contains(word, answer.Error, StringComparison.Ordinal);
        Assert.NotEmpty(answer.Error!);
    }

    [Fact]
    public async Task A_service_that_speaks_no_gRPC_is_unknown()
    {
        await using var http = await Participant.Start();
        var answer = await _invoker.Invoke(Call(new Uri(http.Url).Authority + "/a.B/C"), Cancel);
        Assert.Equal(OutcomeKind.Unknown, answer.Kind);
    }

    [Fact]
    public async Task A_header_that_cannot_be_sent_is_unknown_and_nobody_is_called()
    {
        await using var busi = await GrpcParticipant.Start();
        foreach (var (name, value) in new[] { ("a b", "x"), ("a!", "x"), ("a", "x\r\ndtm-gid: forged") })
        {
            var answer = await _invoker.Invoke(
                Call(busi.Url("Act")) with { Headers = new Dictionary<string, string> { [name] = value } }, Cancel);
            Assert.Equal(OutcomeKind.Unknown, answer.Kind);
        }

        Assert.Empty(busi.Calls);
    }

    /// <summary>A tracestate without its traceparent is dropped, and not sent with the transaction's.</summary>
    [Theory]
    [InlineData(null, "own=1", Parent, "sent=1")]
    [InlineData("mine", "own=1", "mine", "own=1")]
    [InlineData("mine", null, "mine", "")]
    public async Task Of_two_trace_contexts_one_is_told(
        string? parent, string? state, string toldParent, string toldState)
    {
        var headers = new Dictionary<string, string>();
        if (parent is not null)
        {
            headers["Traceparent"] = parent;
        }

        if (state is not null)
        {
            headers["TraceState"] = state;
        }

        await using var busi = await GrpcParticipant.Start();
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(
            Call(busi.Url("Act")) with { Headers = headers, Trace = new TraceContext(Parent, "sent=1") }, Cancel));

        var told = Assert.Single(busi.Calls).Metadata;
        Assert.Equal(
            (toldParent, toldState), (told.GetValueOrDefault("traceparent"), told.GetValueOrDefault("tracestate", "")));
    }

    [Fact]
    public async Task A_gid_need_not_be_ASCII()
    {
        await using var busi = await GrpcParticipant.Start();
        var answer = await _invoker.Invoke(Call(busi.Url("Act")) with { Gid = "订单 1" }, Cancel);
        Assert.Equal(Outcome.Succeeded, answer);
        Assert.Equal("订单 1", busi.Calls[0].Gid);
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_is_unknown()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Act", GrpcReply.Success with { Gate = new Gate() });
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var call = _invoker.Invoke(Call(busi.Url("Act")), budget.Token);
        await busi.Called("Act");
        await budget.CancelAsync();
        Assert.Equal(Outcome.Unknown("no answer within the request timeout"), await call);
    }

    [Fact]
    public async Task An_answer_over_the_limit_is_unknown_one_below_is_not_looked_at()
    {
        await using var busi = await GrpcParticipant.Start();
        busi.On("Small", GrpcReply.Success with { Body = "FAILURE"u8.ToArray() });
        busi.On("Large", GrpcReply.Success with { Body = new byte[5 * 1024 * 1024] });
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(busi.Url("Small")), Cancel));
        var answer = await _invoker.Invoke(Call(busi.Url("Large")), Cancel);
        Assert.Equal(OutcomeKind.Unknown, answer.Kind);
        Assert.Contains("ResourceExhausted", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channels_are_as_many_as_allowed_and_the_one_unused_for_longest_makes_place()
    {
        await using var busi = await GrpcParticipant.Start();
        var gate = new Gate();
        busi.On("Slow", GrpcReply.Success with { Gate = gate });
        var port = busi.Host[(busi.Host.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var one = _invoker.Invoke(Call($"127.0.0.1:{port}/test.Busi/Slow"), Cancel);
        var two = _invoker.Invoke(Call($"grpc://127.0.0.1:{port},127.0.0.1:{port}/test.Busi/Slow"), Cancel);
        await busi.Called("Slow", 2);

        var refused = await _invoker.Invoke(Call($"localhost:{port}/test.Busi/Act"), Cancel);
        Assert.Equal(OutcomeKind.Unknown, refused.Kind);
        Assert.Contains("no channel is free", refused.Error, StringComparison.Ordinal);

        gate.Open();
        Assert.Equal([Outcome.Succeeded, Outcome.Succeeded], await Task.WhenAll(one, two));
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call($"dns:///127.0.0.1:{port}/test.Busi/Act"), Cancel));
    }

    [Fact]
    public async Task One_service_may_have_more_methods_than_a_channel_remembers()
    {
        await using var busi = await GrpcParticipant.Start();
        for (var i = 0; i < 600; i++)
        {
            Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(busi.Url($"Act{i}")), Cancel));
        }
    }

    [Fact]
    public async Task A_service_is_reached_again_after_its_channel_was_idle_and_closed()
    {
        await using var busi = await GrpcParticipant.Start();
        await using var other = await GrpcParticipant.Start();
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(busi.Url("Act")), Cancel));
        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(other.Url("Act")), Cancel)); // closes idle channels
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(busi.Url("Act")), Cancel));
    }

    [Fact]
    public async Task A_certificate_nobody_vouches_for_is_unknown()
    {
        using var certificate = SelfSigned.Create();
        await using var busi = await GrpcParticipant.Start(certificate);
        var answer = await _invoker.Invoke(Call("grpcs://" + busi.Url("Act")), Cancel);
        Assert.Equal(OutcomeKind.Unknown, answer.Kind);
        Assert.Contains("certificate", answer.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(busi.Calls);
    }

    private static BranchInvocation Call(string url) => new()
    {
        Gid = "g",
        Type = TransactionType.Saga,
        Protocol = "grpc",
        BranchId = "01",
        Op = "action",
        Url = url,
        Payload = GrpcDtm.AllBytes,
    };
}
