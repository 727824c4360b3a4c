namespace OrleansDtm.Grains.Transaction;

/// <summary>
/// When silos come or go, a gid may belong to another silo than the one that has its calls under way. Who waits at the new one cannot be
/// told by the old one, so the row is looked at until it tells.
/// </summary>
public sealed partial class TransactionRunner
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LooksAtMost = TimeSpan.FromSeconds(1);

    private TimeSpan _look = FirstLook;
    private bool _isWatching;

    /// <summary>False = nobody waits for somebody else's calls.</summary>
    private bool Watch(Core.Transaction state)
    {
        if (_waiters.Count == 0 || _outstanding.Count > 0 || !state.HasInFlight)
        {
            _look = FirstLook;
            return false;
        }

        _isWatching = true;
        _host.WakeAt(_services.Clock.GetUtcNow() + _look);
        _look = _look * 2 < LooksAtMost ? _look * 2 : LooksAtMost;
        return true;
    }

    /// <summary>What is known may be out of date: the next step reads it anew.</summary>
    private void LookAgain()
    {
        if (_isWatching && !_pumping && _outstanding.Count == 0)
        {
            Forget();
        }

        _isWatching = false;
    }
}
