using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Tells stories in the words of <see cref="TransactionRun"/> and checks what followed.</summary>
internal static class Stories
{
    public static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>Each event of the story is followed by what the story says, and by nothing else.</summary>
    public static TransactionRun Follows(Layout layout, string words, string story)
    {
        var run = new TransactionRun(layout, words);
        Assert.Equal(story, run.Play(story));
        return run;
    }

    /// <summary>
    /// What the request comes to now: null = accepted, or the text of the refusal; a refusal changes nothing.
    /// </summary>
    public static string? Ask(this TransactionRun run, string request)
    {
        var before = run.Exists ? run.State : null;
        var decision = run.Send(run.Event(request));
        if (decision.Rejection is not null)
        {
            Assert.Same(before, decision.Next);
            Assert.Empty(decision.Calls);
        }

        return decision.Rejection?.Message;
    }

    /// <summary>The second in which it wakes by itself.</summary>
    public static int? WakeSecond(this TransactionRun run) =>
        (int?)(run.State.WakeAt - TransactionRun.Start)?.TotalSeconds;
}
