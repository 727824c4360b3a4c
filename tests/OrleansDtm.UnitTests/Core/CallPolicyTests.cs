using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// What a step sets for its own calls, in stories. <see cref="TransactionRun"/> defines their words. The clock stands
/// still in a story, so waits are those from the start.
/// </summary>
public sealed class CallPolicyTests
{
    [Theory]
    [InlineData("2 a0{limit=1}", "submit: submitted a0; a0?:; retry: a0; a0?: aborting c0; c0+: failed")]
    [InlineData(
        "2 a1{limit=0} limit=1", "submit: submitted a0; a0+: a1; a1?:; retry: a1; a1?:; retry: a1; a1+: succeed")]
    [InlineData(
        "2 concurrent a0{limit=1} limit=1",
        "submit: submitted a0 a1; a0?:; a1?:; retry: a0 a1; a1?: aborting c1; a0?: c0; c0+:; c1+: failed")]
    public void An_action_has_its_own_limit_and_its_errors_count_for_it_alone(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Fact]
    public void The_reason_names_the_branch()
    {
        var run = Stories.Follows(
            Layout.Saga, "2 a0{limit=1}", "submit: submitted a0; a0?:; retry: a0; a0?: aborting c0");
        Assert.Equal("RetryCount is greater than RetryLimit, RetryLimit: 1 of branch 01", run.State.RollbackReason);
        Assert.Equal((0, 1), (run.State.RetryCount, run["a0"].RetryCount));
    }

    [Theory]
    [InlineData("a0{interval=2}", "2 4 8 16 32")]
    [InlineData("a0{interval=2,max=5}", "2 4 5 5 5")]
    [InlineData("a0{interval=2,backoff=constant}", "2 2 2 2 2")]
    [InlineData("a0{backoff=constant}", "10 10 10 10 10")]
    [InlineData("a0{max=25}", "10 20 25 25 25")]
    [InlineData("c0{interval=2,backoff=constant}", "10 20 40 80 160")]
    public void The_waits_are_those_of_the_call(string policy, string waits)
    {
        var run = new SagaRun("1 interval=10 max=600 " + policy);
        run.Submit();
        foreach (var wait in waits.Split(' '))
        {
            var seconds = double.Parse(wait, CultureInfo.InvariantCulture);
            run.Answer("a0", Outcome.Unknown("lost"));
            Assert.InRange(
                (run.State.WakeAt!.Value - run.Now).TotalSeconds,
                seconds,
                (seconds * (1 + RetryPolicy.JitterShare)) + 0.001);
            run.Due();
        }
    }

    [Fact]
    public void The_wait_after_ongoing_starts_with_the_calls_interval()
    {
        var run = new SagaRun("1 interval=10 a0{interval=2}");
        run.Submit();
        run.Answer("a0", Outcome.Ongoing());
        Assert.Equal(TimeSpan.FromSeconds(2), run.State.WakeAt - run.Now);
    }

    [Theory]
    [InlineData("1 a0{request=60}", "a0", 60)]
    [InlineData("2 concurrent a0{request=60} a1{request=1}", "a0", 60)]
    [InlineData("1", "a0", 3)]
    public void The_lease_covers_the_longest_timeout_of_the_calls(string saga, string name, int seconds)
    {
        var run = new SagaRun(saga);
        run.Submit();
        Assert.True(run[name].InFlight);
        Assert.InRange((run.State.LeaseUntil!.Value - run.Now).TotalSeconds, seconds + 1, seconds + 5);
    }

    [Fact]
    public void A_short_call_does_not_shorten_the_lease_of_a_long_one()
    {
        var run = new SagaRun("2 concurrent a0{request=60} a1{request=1}");
        run.Submit();
        var lease = run.State.LeaseUntil;
        run.Answer("a1", Outcome.Unknown("lost"));
        run.Due();
        Assert.True(run["a1"].InFlight);
        Assert.Equal(lease, run.State.LeaseUntil);
    }

    [Theory]
    [InlineData(
        "2 a1{fail=20}", "submit: submitted a0; @100: ; a0+: a1; a1?:; @120: aborting c1; c1+: c0; c0+: failed")]
    [InlineData("2 a1{fail=20}", "submit: submitted a0; @100: ; a0+: a1; @119: ; @120: aborting; a1?: c1")]
    [InlineData("1 a0{fail=20}", "submit: submitted a0; @25: aborting; a0+: c0; c0+: failed")]
    [InlineData("2 concurrent a0{fail=20}", "submit: submitted a0 a1; a0+:; @30: ; a1+: succeed")]
    [InlineData("1 a0{fail=20} timeout=5", "submit: submitted a0; @5: aborting; a0?: c0; c0+: failed")]
    public void An_action_has_its_own_timeout_from_its_first_call(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story.Replace(": ;", ":;", StringComparison.Ordinal));

    [Fact]
    public void The_timeout_wakes_the_saga_and_is_its_reason()
    {
        var run = new SagaRun("1 a0{fail=20,interval=100}");
        run.Submit();
        run.Answer("a0", Outcome.Unknown("lost"));
        Assert.Equal(TransactionRun.Start + TimeSpan.FromSeconds(20), run.State.WakeAt);
        run.Due();
        Assert.Equal("Timeout after 20 seconds of branch 01", run.State.RollbackReason);
    }

    [Fact]
    public void Headers_of_a_call_replace_those_of_the_transaction_in_any_case()
    {
        var definition = new SagaRun("1").Submission.Definition with
        {
            BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("X-A", "1").Add("x-b", "2"),
        };
        var call = new SagaRun("1").CallsOf(0)[1];
        Assert.Same(definition.BranchHeaders, CallSettings.Headers(definition, call));
        var own = call with
        {
            Policy = new CallPolicy
            {
                Headers = ImmutableDictionary<string, string>.Empty.Add("x-a", "7").Add("x-c", "3"),
            },
        };
        Assert.Equal(
            "x-a=7 x-b=2 x-c=3",
            string.Join(' ', CallSettings.Headers(definition, own).OrderBy(static h => h.Key, StringComparer.Ordinal)
                .Select(static h => $"{h.Key}={h.Value}")));
    }
}
