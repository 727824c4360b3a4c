using Microsoft.Extensions.Logging;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Wakes transactions for a sweep and waits only briefly for each. A silo that hangs does not respond until it is
/// declared dead or the request times out, and other due transactions of the shard must not wait for that. Not
/// thread-safe: used by one grain.
/// </summary>
/// <param name="resume">Resumes a transaction, as in <see cref="RecoverySweep"/>; may be slow.</param>
/// <param name="clock">The clock and its timers.</param>
/// <param name="log">Receives errors that occur after the wait was given up.</param>
internal sealed class PatientResume(Func<string, long, Task<bool>> resume, TimeProvider clock, ILogger log)
{
    /// <summary>The longest wait: enough to load a transaction on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Resumes one transaction.</summary>
    /// <returns>False also while an earlier request is pending; no second one is sent.</returns>
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
            log.WakeFailed(e, Namespaces.Plain(gid)); // The next sweep tries again.
        }
    }
}
