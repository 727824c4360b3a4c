using OrleansDtm.Simulation.Engine;

namespace OrleansDtm.Simulation.Services;

/// <summary>A submitter's own database transaction with the barrier row (00, msg, 01), as DTM's two-phase messages need it.</summary>
internal sealed class LocalTransaction
{
    private readonly List<TaskCompletionSource> _blocked = [];
    private bool _open;

    /// <summary>Null = not decided yet.</summary>
    public bool? Committed { get; private set; }

    /// <summary>Inserts the barrier row; false when the question came first and the transaction must not go on.</summary>
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

    /// <summary>Was it meant? The insert of the answer's row waits for an open transaction; afterwards the answer never changes.</summary>
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
