using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>Trace context is sent on to third parties, so only what the standard allows is kept.</summary>
public sealed class TraceparentTests
{
    private const string Good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData(Good, Good)]
    [InlineData(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Good)] // a future version
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-will-be", Good)]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", null)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", null)]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", null)]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null)]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", null)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", null)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", null)]
    [InlineData("00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", null)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\n", null)]
    [InlineData(" " + Good, null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_traceparent_is_taken_as_it_is_or_not_at_all(string? header, string? expected) =>
        Assert.Equal((expected, null), TraceHeaders.Check(header, null));

    [Theory]
    [InlineData("a=1", "a=1")]
    [InlineData("rojo=00f067aa0ba902b7, congo = t61rcWkgMzE", null)] // a key contains no blank
    [InlineData("rojo=00f067aa0ba902b7,\tcongo=t61rcWkgMzE , ,", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")]
    [InlineData("fw529a3039@dt=FfLAgjjv-x", "fw529a3039@dt=FfLAgjjv-x")]
    [InlineData("a=1\r\nX-Evil: 1", null)]
    [InlineData("a=b=c", null)]
    [InlineData("A=1", null)]
    [InlineData("=1", null)]
    [InlineData("a=", null)]
    [InlineData("a", null)]
    [InlineData("a=\u00fc", null)]
    [InlineData(",,", null)]
    public void A_tracestate_is_a_list_of_members_or_dropped(string header, string? expected) =>
        Assert.Equal((Good, expected), TraceHeaders.Check(Good, header));

    [Fact]
    public void A_tracestate_without_a_traceparent_means_nothing() =>
        Assert.Equal((null, null), TraceHeaders.Check("nonsense", "a=1"));

    [Fact]
    public void A_long_tracestate_keeps_its_newest_members()
    {
        var members = Enumerable.Range(0, 40).Select(static i => $"k{i}=v").ToList();
        Assert.Equal(string.Join(',', members.Take(32)), TraceHeaders.Check(Good, string.Join(',', members)).State);

        var wide = Enumerable.Range(0, 10).Select(static i => $"k{i}={new string('v', 97)}").ToList();
        var kept = TraceHeaders.Check(Good, string.Join(',', wide)).State!;
        Assert.Equal(string.Join(',', wide.Take(5)), kept);
        Assert.InRange(kept.Length, 1, TraceHeaders.StateMax);

        Assert.Null(TraceHeaders.Check(Good, $"a={new string('v', 257)}").State);
        Assert.Null(TraceHeaders.Check(Good, string.Concat(Enumerable.Repeat("a=1,", 100_000))).State);
    }

    /// <summary>Orleans logs requests in its warnings about slow and lost ones.</summary>
    [Fact]
    public void Messages_do_not_say_what_may_be_secret()
    {
        const string Secret = "s3cret";
        var url = $"http://me:{Secret}@bank/in?token={Secret}";
        var step = new StepMessage { Action = url, Compensate = url };
        object[] messages =
        [
            step,
            new EventMessage(new TransactionEvent.Submit(new Submission(
                new TransactionDefinition
                {
                    Gid = "g",
                    Type = TransactionType.Saga,
                    Created = default,
                    QueryPrepared = url,
                    NoticeUrl = url,
                    CustomData = Secret,
                    Options = new TransactionOptions(),
                },
                BranchPlan.Of(TransactionType.Saga, [new BranchStep(url, url, default)], default))), Wait: false),
            new BranchInvocation
            {
                Gid = "g",
                Type = TransactionType.Saga,
                Protocol = "http",
                BranchId = "01",
                Op = "action",
                Url = url,
            },
            new TransactionRequestMessage
            {
                Type = "saga",
                Gid = "g",
                Steps = [step],
                CustomData = Secret,
                QueryPrepared = url,
                CallbackUrl = url,
            },
            BranchRegistration.Tcc("g", "01", url, url),
        ];
        Assert.All(
            messages, static message => Assert.DoesNotContain(Secret, message.ToString(), StringComparison.Ordinal));
    }
}
