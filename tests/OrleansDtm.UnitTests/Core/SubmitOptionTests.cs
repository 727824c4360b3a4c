using System.Collections.Immutable;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>A submit after a prepare, and a repeated submit. <see cref="TransactionRun"/> defines the words.</summary>
public sealed class SubmitOptionTests
{
    [Fact]
    public void What_a_submit_names_wins_and_the_rest_stays_as_it_was_prepared()
    {
        var run = new TransactionRun(Layout.Msg, "2 interval=7 timeout=30 request=4");
        run.Play("prepare:; submit*interval=2,concurrent,header=s,notice=told:");
        Assert.Equal(
            ["a0", "a1"], run.State.Branches.Where(static b => b.InFlight).Select((_, i) => run.Layout.Name(i)));

        var (definition, options) = (run.State.Definition, run.State.Definition.Options);
        Assert.Equal((2, 30, 4), (
            options.RetryInterval.TotalSeconds,
            options.TimeoutToFail.TotalSeconds,
            options.RequestTimeout.TotalSeconds));
        Assert.True(options.Concurrent);
        Assert.Equal(("s", "told", ""), (definition.BranchHeaders["x"], definition.NoticeUrl, definition.CustomData));
        Assert.Equal(
            run.Submission.Branches.Select(static b => b.Url), run.State.Branches.Select(static b => b.Definition.Url));
    }

    [Theory]
    [InlineData("tcc", "interval=3", 3)]
    [InlineData("xa", "interval=3", 3)]
    [InlineData("tcc", "timeout=3", 10)] // Core keeps the default interval; the validator derives it from timeout.
    [InlineData("msg", "request=9", 10)]
    public void It_is_so_in_every_pattern_that_is_prepared(string type, string options, int interval)
    {
        var run = new TransactionRun(Layout.Of(Names.Type(type)), "1");
        run.Play($"prepare:{(type == "msg" ? "" : "; reg0:")}; submit*{options}:; {(type == "msg" ? "a0" : "f0")}~:");

        Assert.Equal(TimeSpan.FromSeconds(interval), run.State.WakeAt - run.Now);
    }

    /// <summary>Both are shown as options of the transaction.</summary>
    [Theory]
    [InlineData("tcc", "reg0:; ")]
    [InlineData("xa", "reg0:; ")]
    [InlineData("msg", "")]
    public void The_timeouts_that_a_submit_names_win(string type, string registration)
    {
        var run = new TransactionRun(Layout.Of(Names.Type(type)), "1 timeout=30 request=4");
        run.Play($"prepare:; {registration}submit*timeout=6,request=9:");

        var options = run.State.Definition.Options;
        Assert.Equal((6, 9), (options.TimeoutToFail.TotalSeconds, options.RequestTimeout.TotalSeconds));
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 10)]
    public void A_timeout_moves_only_a_retry_interval_that_nobody_has_named(bool named, int seconds)
    {
        var run = new TransactionRun(Layout.Msg, "1");
        run.Play("prepare:");
        var definition = run.State.Definition;
        var prepared = run.State with
        {
            Definition = definition with { Options = definition.Options with { RetryIntervalNamed = named } },
        };
        var said = definition with { Options = definition.Options with { RetryInterval = TimeSpan.FromSeconds(2) } };

        var submit = new TransactionEvent.Submit(new Submission(said, [], NamedOptions.TimeoutToFail));
        var next = TransactionMachine.Decide(prepared, submit, run.Now).Next!;

        Assert.Equal(seconds, next.Definition.Options.RetryInterval.TotalSeconds);
    }

    [Fact]
    public void A_submit_that_names_nothing_leaves_the_definition_alone()
    {
        var run = new TransactionRun(Layout.Tcc, "1");
        run.Play("prepare:; reg0:; submit:");

        Assert.Same(run.Submission.Definition, run.State.Definition);
    }

    /// <summary>As SDKs do. Only the status change is written.</summary>
    [Fact]
    public void A_submit_that_repeats_what_its_prepare_said_leaves_the_definition_alone()
    {
        var run = new TransactionRun(Layout.Msg, "1 interval=7");
        var prepare = run.Submission.Definition with
        {
            BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("x", "s"),
            CustomData = "of the submit",
            Options = run.Submission.Definition.Options with { RetryIntervalNamed = true },
        };
        run.Send(new TransactionEvent.Prepare(run.Submission with { Definition = prepare }));
        run.Play("submit*interval=7,header=s,custom,timeout=35,request=3:");

        Assert.Equal(TransactionStatus.Submitted, run.State.Status);
        Assert.Same(prepare, run.State.Definition);
    }

    [Fact]
    public void Tags_of_a_submit_replace_those_of_its_prepare_if_it_names_any()
    {
        var run = new TransactionRun(Layout.Msg, "1");
        var definition = run.Submission.Definition;
        var (one, two) = (TransactionTags.None.Add("order", "1"), TransactionTags.None.Add("order", "2"));
        run.Send(new TransactionEvent.Prepare(run.Submission with { Definition = definition with { Tags = one } }));

        Assert.Same(one, After(definition, NamedOptions.None).Tags);
        Assert.Same(two, After(definition with { Tags = two }, NamedOptions.Tags).Tags);
        Assert.Same(
            run.State.Definition, After(definition with { Tags = two }, NamedOptions.Tags).Prepared);
        Assert.Null(After(definition, NamedOptions.None).Prepared);
        Assert.Same(run.State.Definition, After(
            definition with { Tags = TransactionTags.None.Add("order", "1") }, NamedOptions.Tags));

        TransactionDefinition After(TransactionDefinition submitted, NamedOptions named) => TransactionMachine.Decide(
            run.State, new TransactionEvent.Submit(new Submission(submitted, [], named)), run.Now).Next!.Definition;
    }

    [Theory]
    [InlineData("submit:; @1:; submit*interval=1,delay=9:")]
    [InlineData("prepare:; submit*interval=4:; submit*interval=1,delay=9:")]
    public void A_submit_said_again_changes_no_options(string story)
    {
        var run = new TransactionRun(Layout.Msg, "1");
        run.Play(story[..story.LastIndexOf(';')]);
        var before = run.State.Definition;
        run.Play(story[(story.LastIndexOf(';') + 2)..]);

        Assert.Same(before, run.State.Definition);
    }

    [Theory]
    [InlineData("Saga", "2", "submit: submitted a0; a0?:; submit: a0; a0?:; submit:; @1:; submit: a0; a0+: a1")]
    [InlineData(
        "Saga",
        "2 concurrent",
        "submit: submitted a0 a1; a0?:; a1~:; submit: a0 a1; a0~:; submit:; a1+:; @0.999:; submit:; @1:; submit: a0")]
    [InlineData("Msg", "1", "submit: submitted a0; a0-:; submit: a0; a0+: succeed; submit: refused Conflict")]
    [InlineData("Msg", "1 delay=5", "submit: submitted; submit:; @5: a0; a0?:; submit: a0")]
    [InlineData("Xa", "1", "prepare: prepared; reg0:; submit: submitted f0; f0?:; submit: f0")]
    public void A_submit_said_again_makes_the_waiting_calls_now_but_once_a_second(
        string type, string words, string story)
    {
        Stories.Follows(Layout.Of(Enum.Parse<TransactionType>(type)), words, story);
    }

    [Fact]
    public void What_has_failed_stays_counted_when_it_is_submitted_again()
    {
        var run = new TransactionRun(Layout.Saga, "1 interval=1 max=100");
        run.Play("submit:; a0?:; due:; a0?:; submit:; a0?:");

        Assert.Equal((3, 3), (run["a0"].Failures, run["a0"].Attempts));
    }

    [Theory]
    [InlineData("prepare:", "submit", true)]
    [InlineData("prepare:; submit:", "submit", false)]
    [InlineData("prepare:", "abort", true)]
    [InlineData("prepare:; abort:", "abort", true)]
    [InlineData("prepare:", "retry", false)]
    [InlineData("prepare:", "prepare", false)]
    public void A_request_waits_because_the_prepare_asked_for_it(string story, string word, bool waits)
    {
        foreach (var asked in new[] { true, false })
        {
            var run = new TransactionRun(Layout.Tcc, "1");
            run.Play("prepare:; reg0:" + story["prepare:".Length..]);
            var definition = run.State.Definition;
            var state = run.State with
            {
                Definition = definition with { Options = definition.Options with { WaitResult = asked } },
            };

            Assert.Equal(asked && waits, TransactionMachine.PrepareAskedToWait(state, run.Event(word)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_submit_that_says_whether_it_waits_is_heeded(bool says)
    {
        var run = new TransactionRun(Layout.Tcc, "1");
        run.Play("prepare:");
        var definition = run.State.Definition;
        var state = run.State with
        {
            Definition = definition with { Options = definition.Options with { WaitResult = true } },
        };
        var submit = new TransactionEvent.Submit(new Submission(
            definition with { Options = definition.Options with { WaitResult = says } }, [], NamedOptions.WaitResult));

        // The submit itself decides whether it waits.
        Assert.False(TransactionMachine.PrepareAskedToWait(state, submit));
        Assert.Same(state.Definition, TransactionMachine.Decide(state, submit, run.Now).Next!.Definition);
    }

    [Fact]
    public void Retry_now_makes_the_first_call_of_a_prepared_workflow()
    {
        Stories.Follows(
            Layout.Workflow,
            "1",
            "prepare: prepared; retry: w0; retry:; w0+:; retry: w0; succeed: succeed; retry: refused Conflict");
        Stories.Follows(Layout.Workflow, "1 noask", "prepare: prepared; retry:");
        Stories.Follows(Layout.Tcc, "1", "prepare: prepared; reg0:; retry:");
    }

    [Theory]
    [InlineData("0", "submit: succeed")]
    [InlineData("0 concurrent timeout=5", "submit: succeed; submit: refused Conflict")]
    public void A_saga_without_steps_has_succeeded(string words, string story) =>
        Stories.Follows(Layout.Saga, words, story);
}
