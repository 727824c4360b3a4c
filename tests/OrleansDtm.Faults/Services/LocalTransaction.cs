namespace OrleansDtm.Faults.Services;

/// <summary>
/// A submitter's local database transaction with the barrier row of two-phase messages. A query waits for an open
/// transaction, and its response stays valid.
/// </summary>
internal sealed class LocalTransaction
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _open;
    private bool? _committed;

    /// <summary>
    /// Begins the transaction. Returns false if it was queried before, because it must then not commit.
    /// </summary>
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

    /// <summary>Returns whether the transaction was committed; waits while it is open.</summary>
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
