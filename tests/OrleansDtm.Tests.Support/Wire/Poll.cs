using System.Diagnostics;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// Polls for conditions that are visible only from outside, always with a timeout. No other test code waits for time to
/// pass.
/// </summary>
public static class Poll
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <param name="reached">Checks the condition once.</param>
    /// <param name="within">The timeout.</param>
    /// <param name="otherwise">Returns the message of the timeout's exception.</param>
    /// <param name="cancel">Cancelled when the test is stopped.</param>
    public static async Task Until(
        Func<Task<bool>> reached, TimeSpan within, Func<string> otherwise, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Pace);
        while (!await reached())
        {
            if (clock.Elapsed > within)
            {
                throw new TimeoutException(otherwise());
            }

            await timer.WaitForNextTickAsync(cancel);
        }
    }

    /// <summary>
    /// Waits for the time in which an unwanted event would have happened, according to the recordings.
    /// </summary>
    public static async Task Settle(TimeSpan time, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        await Until(
            () => Task.FromResult(clock.Elapsed >= time),
            time + Patience,
            static () => "the clock stands still",
            cancel);
    }
}
