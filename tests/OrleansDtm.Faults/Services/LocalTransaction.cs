namespace OrleansDtm.Faults.Services;

/// <summary>
/// A submitter's own database transaction with the barrier row that two-phase messages need: who asks waits for an open
/// one, and what was answered stays so.
/// </summary>
internal sealed class LocalTransaction
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _open;
    private bool? _committed;

    /// <summary>False: it was asked about before, and must not go on.</summary>
    public bool Begin()
    {
        lock (_lock)
        {
            if (_committed is not null)
            {
                return false;
            }

            _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    public void End(bool commit)
    {
        lock (_lock)
        {
            _committed = commit;
            _open?.SetResult();
            _open = null;
        }
    }

    /// <summary>Was it meant?</summary>
    public async Task<bool> WasMeant()
    {
        Task open;
        lock (_lock)
        {
            open = _open?.Task ?? Task.CompletedTask;
        }

        await open;
        lock (_lock)
        {
            _committed ??= false;
            return _committed.Value;
        }
    }
}
