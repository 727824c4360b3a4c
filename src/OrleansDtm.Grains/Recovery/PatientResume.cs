using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Wakes transactions for a sweep, and waits for none of them longer than a moment: a silo that hangs answers nothing until it is
/// declared dead or the request times out, and whatever else is due in the shard must not wait for that. Not thread-safe: one grain's.
/// </summary>
/// <param name="resume">As <see cref="RecoverySweep"/> wants it; may take its time.</param>
/// <param name="clock">The time, and timers.</param>
/// <param name="log">Told of what goes wrong after nobody waits for it any more.</param>
internal sealed class PatientResume(Func<string, long, Task<bool>> resume, TimeProvider clock, ILogger log)
{
    /// <summary>More than a transaction needs that has to be read first, on a machine with much to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <returns>False also while it has not answered yet; it is not asked twice.</returns>
    public async Task<bool> Resume(string gid, long gone)
    {
        if (!_asked.Add(gid))
        {
            return false;
        }

        var answer = Ask(gid, gone);
        try
        {
            return await answer.WaitAsync(Patience, clock);
        }
        catch (TimeoutException) when (!answer.IsCompleted)
        {
            _ = Listen(answer, gid);
            return false;
        }
    }

    private async Task<bool> Ask(string gid, long gone)
    {
        try
        {
            return await resume(gid, gone);
        }
        finally
        {
            _asked.Remove(gid);
        }
    }

    private async Task Listen(Task<bool> answer, string gid)
    {
        try
        {
            await answer;
        }
        catch (Exception e)
        {
            log.WakeFailed(e, gid); // The next sweep asks again.
        }
    }
}
