using OrleansDtm.Simulation.Engine;

namespace OrleansDtm.Simulation.Services;

/// <summary>
/// A submitter's database transaction with the barrier row (00, msg, 01) of DTM's two-phase messages.
/// </summary>
internal sealed class LocalTransaction
{
    private readonly List<TaskCompletionSource> _blocked = [];
    private bool _open;

    /// <summary>True if committed, false if rolled back; null = still open.</summary>
    public bool? Committed { get; private set; }

    /// <summary>
    /// Inserts the barrier row; false if query_prepared came first and the transaction must roll back.
    /// </summary>
    public bool Begin()
    {
        _open = Committed is null;
        return _open;
    }

    public void End(bool commit)
    {
        (Committed, _open) = (commit, false);
        _blocked.ForEach(static b => b.SetResult());
        _blocked.Clear();
    }

    /// <summary>
    /// Handles query_prepared. Its barrier insert waits for an open transaction; afterwards the result never changes.
    /// </summary>
    public async Task<bool> WasMeant(World world)
    {
        if (_open)
        {
            var closed = new TaskCompletionSource();
            _blocked.Add(closed);
            await closed.Task;
            await world.Delay(TimeSpan.FromMilliseconds(1));
        }

        Committed ??= false;
        return Committed.Value;
    }
}
