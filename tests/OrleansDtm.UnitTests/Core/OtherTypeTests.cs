using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Requests of another pattern are rejected with a message, without an exception.</summary>
public sealed class OtherTypeTests
{
    public static TheoryData<TransactionType> Types { get; } =
        [.. Enum.GetValues<TransactionType>().Where(static t => t != TransactionType.None)];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_request_of_another_type_is_refused_in_every_status(TransactionType type)
    {
        foreach (var other in Enum.GetValues<TransactionType>().Append((TransactionType)99).Where(t => t != type))
        {
            foreach (var run in InEveryStatus(type))
            {
                var definition = run.Submission.Definition with { Type = other };
                var submission = run.Submission with { Definition = definition };
                TransactionEvent[] requests =
                [
                    new TransactionEvent.Submit(submission),
                    new TransactionEvent.Prepare(submission),
                    new TransactionEvent.Abort(other, ""),
                    new TransactionEvent.Register(other, run.CallsOf(0), BranchStatus.Prepared),
                ];
                var before = run.State;
                foreach (var request in requests)
                {
                    var decision = run.Send(request);
                    Assert.Equal(
                        new Rejection(RejectionKind.Conflict, $"gid belongs to a {Names.Of(type)} already. FAILURE"),
                        decision.Rejection);
                    Assert.Same(before, decision.Next);
                    Assert.Empty(decision.Calls);
                }
            }
        }
    }

    [Theory]
    [InlineData(TransactionType.Saga, "reg0 abort succeed fail")]
    [InlineData(TransactionType.Msg, "reg0 succeed fail")]
    [InlineData(TransactionType.Tcc, "succeed fail")]
    [InlineData(TransactionType.Xa, "succeed fail")]
    [InlineData(TransactionType.Workflow, "abort submit")]
    public void What_a_pattern_does_not_know_is_refused_in_every_status(TransactionType type, string requests)
    {
        foreach (var run in InEveryStatus(type))
        {
            Assert.All(requests.Split(' '), request => Assert.NotNull(run.Ask(request)));
        }
    }

    [Theory]
    [InlineData(TransactionType.None)]
    [InlineData((TransactionType)99)]
    public void A_type_that_is_none_is_refused(TransactionType type)
    {
        var submission = new SagaRun("1").Submission;
        submission = submission with { Definition = submission.Definition with { Type = type } };
        TransactionEvent[] requests =
        [
            new TransactionEvent.Submit(submission),
            new TransactionEvent.Prepare(submission),
        ];
        foreach (var request in requests)
        {
            var decision = TransactionMachine.Decide(null, request, TransactionRun.Start);

            Assert.Equal(RejectionKind.Invalid, decision.Rejection?.Kind);
            Assert.Null(decision.Next);
        }

        Assert.False(TransactionMachine.Supports(type));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_named_type_is_supported_and_nothing_is_known_of_a_gid_before_it_exists(TransactionType type)
    {
        var run = new TransactionRun(Layout.Of(type), "1");

        Assert.True(TransactionMachine.Supports(type));
        Assert.All(
            new[] { "abort", "stop", "crash", "retry", "succeed", "a0+" },
            request => Assert.Equal("no such gid", run.Ask(request)));
    }

    [Fact]
    public void A_text_that_a_store_may_refuse_is_stored_readable()
    {
        Assert.Equal("no\uFFFDway", Stored("no\0way"));
        Assert.Equal("\uFFFD", Stored("\0"));
        Assert.Equal("half \uFFFD", Stored("half \ud83d"));
        Assert.Equal("\uFFFD half", Stored("\ude00 half"));
        Assert.Equal("whole \ud83d\ude00", Stored("whole \ud83d\ude00"));
        Assert.Equal(new string('\uFFFD', 1024), Stored(new string('\0', 1025)));
    }

    /// <summary>Returns the text as it is stored as a reason and as an error.</summary>
    private static string Stored(string text)
    {
        var tcc = new TransactionRun(Layout.Tcc, "1");
        tcc.Play("prepare:; reg0:");
        tcc.Send(new TransactionEvent.Abort(TransactionType.Tcc, text));
        tcc.Answer("b0", Outcome.Unknown(text));
        var workflow = new TransactionRun(Layout.Workflow, "1");
        workflow.Play("prepare:");
        workflow.Send(new TransactionEvent.FinishWorkflow(TransactionStatus.Failed, text, ""));

        var branch = tcc["b0"];
        string?[] stored =
        [
            tcc.State.RollbackReason,
            workflow.State.RollbackReason,
            branch.LastError,
            Assert.Single(branch.History).Error,
        ];
        return Assert.Single(stored.Distinct())!;
    }

    /// <summary>Returns one run for each status that the pattern can reach.</summary>
    private static IEnumerable<TransactionRun> InEveryStatus(TransactionType type)
    {
        string[] stories = type switch
        {
            TransactionType.Saga => ["submit:", "submit:; a0-:", "submit:; a0+:", "submit:; a0-:; c0+:"],
            TransactionType.Msg => ["prepare:", "submit:", "submit:; a0+:", "prepare:; abort:"],
            TransactionType.Workflow => ["prepare:", "prepare:; @10:; w0+:", "prepare:; stop:"],
            _ =>
            [
                "prepare:; reg0:", "prepare:; reg0:; submit:", "prepare:; reg0:; abort:", "prepare:; submit:",
                "prepare:; abort:",
            ],
        };
        foreach (var story in stories)
        {
            var run = new TransactionRun(Layout.Of(type), "1");
            run.Play(story);
            yield return run;
        }
    }
}
