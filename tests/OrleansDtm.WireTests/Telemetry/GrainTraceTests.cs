using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansDtm.Abstractions;
using OrleansDtm.WireTests.Client;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>Orleans clients that submit, and grains that are branches, appear in traces as services do.</summary>
public sealed class GrainTraceTests
{
    private const string OwnParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static readonly TimeSpan Patience = Coordinated.Patience;

    [Fact]
    public async Task A_grain_finds_the_submitters_context_in_its_request_context()
    {
        await using var cluster = await Coordinated.Start();
        var told = new ConcurrentQueue<(object?, object?)>();
        cluster.Teller.Does = (_, _, _) =>
        {
            told.Enqueue((RequestContext.Get("traceparent"), RequestContext.Get("tracestate")));
            return Task.FromResult(BranchResult.Done);
        };

        using var caller = new Activity("caller");
        caller.SetIdFormat(ActivityIdFormat.W3C);
        caller.TraceStateString = "a=1";
        caller.Start();
        await cluster.Run(Coordinated.Saga());

        // Without a listener the coordinator creates no span, so the parent is the caller's.
        Assert.Equal([(caller.Id, "a=1"), (caller.Id, "a=1")], told);
    }

    /// <summary>
    /// A tracestate is only valid with its own traceparent. A submitter may set either of them in its headers.
    /// </summary>
    [Theory]
    [InlineData("Traceparent", null, OwnParent, null)]
    [InlineData("traceparent", "b=2", OwnParent, "b=2")]
    [InlineData(null, "b=2", "caller", "a=1")]
    public async Task The_state_of_one_trace_does_not_come_with_the_parent_of_another(
        string? name, string? state, string parent, string? told)
    {
        await using var cluster = await Coordinated.Start();
        var found = new ConcurrentQueue<(object?, object?)>();
        cluster.Teller.Does = (_, _, _) =>
        {
            found.Enqueue((RequestContext.Get("traceparent"), RequestContext.Get("tracestate")));
            return Task.FromResult(BranchResult.Done);
        };

        using var caller = new Activity("caller");
        caller.SetIdFormat(ActivityIdFormat.W3C);
        caller.TraceStateString = "a=1";
        caller.Start();
        var headers = new Dictionary<string, string>();
        if (name is not null)
        {
            headers[name] = OwnParent;
        }

        if (state is not null)
        {
            headers["tracestate"] = state;
        }

        await cluster.Run(
            new SagaTransaction { BranchHeaders = headers }.Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), ""));

        Assert.Equal([(parent == "caller" ? caller.Id : parent, told)], found);
    }

    [Fact]
    public async Task Who_listens_sees_the_request_the_attempts_and_the_grains_in_one_trace()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var caller = new Activity("caller");
        caller.SetIdFormat(ActivityIdFormat.W3C);
        caller.Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name.StartsWith("OrleansDtm", StringComparison.Ordinal),

            // Only this test's trace, because other tests run concurrently.
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == caller.TraceId
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == caller.TraceId)
                {
                    ended.Enqueue(span); // Listeners also receive the spans that other tests' listeners requested.
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        await using var cluster = await Coordinated.Start();
        var refused = false;
        cluster.Teller.Does = (_, _, _) => refused
            ? Task.FromResult(BranchResult.Done)
            : throw new InvalidOperationException($"once {refused = true}");
        var saga = new SagaTransaction { RetryInterval = TimeSpan.FromMilliseconds(20) }.Step(
            Coordinated.Url("A", nameof(ITellerGrain.Judge)), "");
        Assert.True((await cluster.Transactions.SubmitAndWait(
            saga, Patience, TestContext.Current.CancellationToken)).Succeeded);

        var request = Assert.Single(ended, static span => span.OperationName == "ITransactions/Submit");
        Assert.Equal((ActivityKind.Server, caller.SpanId), (request.Kind, request.ParentSpanId));
        var attempts = ended.Where(static span => span.OperationName == "branch action")
            .OrderBy(static span => span.StartTimeUtc)
            .ToList();
        Assert.Equal([1, 2], attempts.Select(static span => (int)span.GetTagItem("orleansdtm.attempt")!));
        Assert.All(attempts, attempt => Assert.Equal(request.SpanId, attempt.ParentSpanId));
        var grains = ended.Where(static span => span.OperationName == "TellerGrain/Judge")
            .OrderBy(static span => span.StartTimeUtc)
            .ToList();
        Assert.Equal(attempts.Select(static span => span.SpanId), grains.Select(static span => span.ParentSpanId));
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Unset], grains.Select(static span => span.Status));
    }
}
