using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Events and calls in messages between silos: surrogates carry the records of Core.</summary>
public sealed class EventMessageTests
{
    private static readonly DateTimeOffset Moment = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static readonly ImmutableArray<BranchOpDefinition> Branches =
        [
            new("01", "compensate", "http://bank/c", new byte[] { 0, 1, 255 }, Moment)
            {
                Policy = new CallPolicy
                {
                    RetryLimit = 1,
                    RetryInterval = TimeSpan.FromMilliseconds(2),
                    Backoff = RetryBackoff.Constant,
                    RetryIntervalMax = TimeSpan.FromMilliseconds(3),
                    RequestTimeout = TimeSpan.FromMilliseconds(4),
                    TimeoutToFail = TimeSpan.FromMilliseconds(5),
                    Headers = ImmutableDictionary<string, string>.Empty.Add("x-b", "2"),
                    GiveUpAfter = 6,
                    GiveUpAfterTime = TimeSpan.FromMilliseconds(7),
                },
            },
            new("01", "action", "", default, Moment),
        ];

    [Fact]
    public void Every_event_from_outside_arrives_as_it_was()
    {
        TransactionEvent[] events =
        [
            new TransactionEvent.Submit(
                new Submission(Definition(), Branches, NamedOptions.NoticeUrl | NamedOptions.Concurrent)),
            new TransactionEvent.Prepare(new Submission(Definition(), [])),
            new TransactionEvent.Submit(new Submission(Definition() with { Tags = TransactionTags.None }, Branches)),
            new TransactionEvent.Prepare(new Submission(Definition() with { Tags = TransactionTags.None }, [])),
            new TransactionEvent.Submit(new Submission(Definition() with { Gid = "\u001fshop:g" }, Branches)),
            new TransactionEvent.Prepare(new Submission(Definition() with { Gid = "\u001fshop:g" }, [])),
            new TransactionEvent.Abort(TransactionType.Tcc, "why"),
            new TransactionEvent.Register(TransactionType.Workflow, Branches, BranchStatus.Failed),
            new TransactionEvent.FinishWorkflow(TransactionStatus.Failed, "why", "result"),
            new TransactionEvent.TimeDue(7),
            TransactionEvent.RetryNow.Instance,
            new TransactionEvent.RetryBranch("01", "action"),
            new TransactionEvent.ResolveBranch("01", "action", "booked by hand"),
            new TransactionEvent.ForceStop("key 'ops'"),
        ];
        foreach (var occurred in events)
        {
            var arrived = Sent(new EventMessage(occurred, Wait: true));
            Assert.True(arrived.Wait);
            Assert.IsType(occurred.GetType(), arrived.Event);
            Assert.Equal(JsonSerializer.Serialize<object>(occurred), JsonSerializer.Serialize<object>(arrived.Event));
        }

        // These events happen only in the transaction's own silo. A new event must be added to one of the two lists.
        Type[] local = [typeof(TransactionEvent.BranchAnswered), typeof(TransactionEvent.Resumed)];
        Assert.Equal(
            typeof(TransactionEvent).GetNestedTypes().OrderBy(static t => t.Name),
            events.Select(static e => e.GetType()).Distinct().Concat(local).OrderBy(static t => t.Name));
    }

    /// <summary>A silo of an earlier version would lose the tags; it refuses a kind that it does not know.</summary>
    [Fact]
    public void Tags_are_sent_as_a_kind_that_earlier_versions_refuse()
    {
        Assert.Equal(EventKind.ExtendedSubmit, KindOf(new TransactionEvent.Submit(new Submission(Definition(), []))));
        Assert.Equal(EventKind.ExtendedPrepare, KindOf(new TransactionEvent.Prepare(new Submission(Definition(), []))));
        var untagged = new Submission(
            Definition() with { Tags = TransactionTags.None, Options = new TransactionOptions() }, []);
        Assert.Equal(EventKind.Submit, KindOf(new TransactionEvent.Submit(untagged)));
        Assert.Equal(EventKind.Prepare, KindOf(new TransactionEvent.Prepare(untagged)));
        foreach (var definition in new[] { Definition(), untagged.Definition })
        {
            var other = new Submission(definition with { Gid = Namespaces.Qualify("shop", "g") }, []);
            Assert.Equal(EventKind.NamespacedSubmit, KindOf(new TransactionEvent.Submit(other)));
            Assert.Equal(EventKind.NamespacedPrepare, KindOf(new TransactionEvent.Prepare(other)));
        }

        static EventKind KindOf(TransactionEvent occurred) =>
            new EventConverter().ConvertToSurrogate(new EventMessage(occurred, Wait: false)).Kind;
    }

    [Fact]
    public void Every_property_of_a_definition_is_sent()
    {
        var sent = ((TransactionEvent.Submit)Sent(new EventMessage(
            new TransactionEvent.Submit(
                new Submission(Definition(), Branches)), Wait: false)).Event).Submission.Definition;
        Assert.All(
            Set(Definition()).Concat(Set(Definition().Options))
                .Where(static p => p.Name != nameof(TransactionDefinition.Prepared)), // A submission has none.
            static property => Assert.True(property.Differs, property.Name));
        Assert.Equal(JsonSerializer.Serialize(Definition()), JsonSerializer.Serialize(sent));
    }

    [Theory]
    [InlineData(false, false, 1)]
    [InlineData(true, false, 11)]
    [InlineData(false, true, 11)]
    public void An_earlier_version_refuses_options_that_it_does_not_know(bool option, bool policy, int kind)
    {
        var definition = Definition() with
        {
            Options = new TransactionOptions { GiveUpAfter = option ? 1 : 0 },
            Tags = TransactionTags.None,
        };
        var submission = new Submission(definition, policy ? Branches : [Branches[1]]);
        var converter = new EventConverter();
        Assert.Equal(
            kind,
            (int)converter.ConvertToSurrogate(new EventMessage(new TransactionEvent.Submit(submission), false)).Kind);
        Assert.Equal(
            kind + 1,
            (int)converter.ConvertToSurrogate(
                new EventMessage(new TransactionEvent.Prepare(submission), false)).Kind);
    }

    [Fact]
    public void A_call_and_its_result_arrive_as_they_were()
    {
        var call = new BranchInvocation
        {
            Gid = "g1",
            Type = TransactionType.Saga,
            Protocol = "grpc",
            BranchId = "01",
            Op = "action",
            Url = "http://bank/a",
            Payload = new byte[] { 0, 1, 255 },
            Headers = ImmutableDictionary<string, string>.Empty.Add("x-a", "1"),
            Timeout = TimeSpan.FromSeconds(3),
            Attempt = 2,
            ResultBytesMax = 8,
            Trace = new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"),
        };
        Assert.Equal(JsonSerializer.Serialize(call), JsonSerializer.Serialize(Sent(call)));
        var result = new CallResult(Outcome.Ongoing("wait"), TimeSpan.FromTicks(12_345));
        Assert.Equal(result, Sent(result));
        foreach (var answer in (StepResult[])[new(new byte[] { 0, 255 }), new(default, "too long")])
        {
            result = new CallResult(Outcome.Succeeded with { Answer = answer }, TimeSpan.Zero);
            Assert.Equal(JsonSerializer.Serialize(result), JsonSerializer.Serialize(Sent(result)));
        }
    }

    private static TransactionDefinition Definition() => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Created = Moment,
        Submitted = Moment.AddSeconds(1),
        Protocol = "grpc",
        QueryPrepared = "http://bank/q",
        Query = new BranchOpDefinition("00", "msg", "http://bank/q", new byte[] { 1, 2 }, Moment),
        NoticeUrl = "http://bank/told",
        CustomData = "{\"\u00fc\":1}",
        BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("x-a", "1").Add("X-A", "2"),
        Tags = TransactionTags.None.Add("order", "4711").Add("Order", "1"),
        Trace = new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"),
        Options = new TransactionOptions
        {
            TimeoutToFail = TimeSpan.FromMilliseconds(1),
            RetryInterval = TimeSpan.FromMilliseconds(2),
            RetryIntervalNamed = true,
            RetryIntervalMax = TimeSpan.FromMilliseconds(3),
            RequestTimeout = TimeSpan.FromMilliseconds(4),
            RetryLimit = 5,
            Concurrent = true,
            WaitResult = true,
            Delay = TimeSpan.FromMilliseconds(6),
            GiveUpAfter = 7,
            GiveUpAfterTime = TimeSpan.FromMilliseconds(8),
            ResultBytesMax = 9,
            Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty.Add(1, [0]).Add(2, [0, 1]),
        },
    };

    private static IEnumerable<(string Name, bool Differs)> Set<T>(T value)
    {
        var empty = typeof(T) == typeof(TransactionOptions) ? (object)new TransactionOptions() : null;
        return typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(static p => p.CanWrite)
            .Select(p => (p.Name, !Equals(p.GetValue(value), empty is null ? null : p.GetValue(empty))));
    }

    private static T Sent<T>(T value)
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        return serializer.Deserialize<T>(serializer.SerializeToArray(value))!;
    }
}
