using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Plays stories in the words of <see cref="TransactionRun"/> and checks the consequences.</summary>
internal static class Stories
{
    public static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>Asserts that each event of the story has exactly the given consequences.</summary>
    public static TransactionRun Follows(Layout layout, string words, string story)
    {
        var run = new TransactionRun(layout, words);
        Assert.Equal(story, run.Play(story));
        return run;
    }

    /// <summary>
    /// Sends a request and returns null if it is accepted, else the text of the rejection. A rejection changes nothing.
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

    /// <summary>Returns the second of its next wake-up.</summary>
    public static int? WakeSecond(this TransactionRun run) =>
        (int?)(run.State.WakeAt - TransactionRun.Start)?.TotalSeconds;
}
