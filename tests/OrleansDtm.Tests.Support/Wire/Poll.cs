using System.Diagnostics;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// The one place that lets time pass: looks again and again at what shows only from outside, never without a bound.
/// </summary>
public static class Poll
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <param name="reached">Looks once.</param>
    /// <param name="within">When to give up.</param>
    /// <param name="otherwise">What to say then.</param>
    /// <param name="cancel">The test is being stopped.</param>
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

    /// <summary>Gives what should not happen the time in which the recordings gave it a chance to happen.</summary>
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
