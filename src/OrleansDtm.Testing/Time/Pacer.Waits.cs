namespace OrleansDtm.Testing.Time;

/// <summary>What a wait ended with.</summary>
/// <param name="Ended">True = the transaction has ended.</param>
/// <param name="Reason">Otherwise why nothing more will happen.</param>
internal readonly record struct Verdict(bool Ended, string Reason);

/// <summary>Tests that wait.</summary>
internal sealed partial class Pacer
{
    /// <summary>
    /// Waits until a transaction has ended, or until nothing more will happen to it. Time may pass for it meanwhile,
    /// also the timeout of a prepared transaction.
    /// </summary>
    /// <param name="gid">The gid; empty = only until nothing more will happen.</param>
    /// <param name="hasEnded">Whether it has ended already.</param>
    /// <exception cref="DtmTestException">Something under way did not end within the patience.</exception>
    public async Task<Verdict> WaitForEnd(string gid, Func<bool> hasEnded)
    {
        var waiter = new Waiter(gid);
        lock (_gate)
        {
            _waiters.Add(waiter);
        }

        try
        {
            if (hasEnded())
            {
                return new Verdict(true, "");
            }

            Renew();
            Consider();
            return await Patiently(waiter.Done.Task, $"{gid} has not ended").ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    /// <summary>Lets a wait of the SDK's own call pass the timeout of its prepared transaction.</summary>
    public async Task WaitFor(string gid, Work work, TimeSpan wait)
    {
        var waiter = new Waiter(gid);
        lock (_gate)
        {
            _waiters.Add(waiter);
        }

        try
        {
            await work.While(Delay(wait)).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    /// <summary>The transaction has ended, or can never end.</summary>
    public void Tell(string gid, Verdict verdict)
    {
        lock (_gate)
        {
            foreach (var waiter in _waiters.Where(waiter => waiter.Gid == gid))
            {
                waiter.Done.TrySetResult(verdict);
            }
        }
    }

    private async Task Patiently(Task task, string what)
    {
        try
        {
            await task.WaitAsync(_options.Patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new DtmTestException($"{what} within {_options.Patience} (Patience): {Describe()}");
        }
    }

    private async Task<T> Patiently<T>(Task<T> task, string what)
    {
        await Patiently((Task)task, what).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    /// <summary>Why the time stands still.</summary>
    private string Describe()
    {
        lock (_gate)
        {
            if (_holds > 0)
            {
                return $"{_holds} holders of Clock.Hold() stop the time.";
            }

            var busy = _work.Where(static work => !work.IsWaiting).Select(static work => work.What).ToArray();
            if (busy.Length > 0)
            {
                return $"under way: {string.Join("; ", busy.Take(5))}.";
            }

            return _dues.First() is { Prepared: true } due
                ? $"the time does not pass the timeout of the prepared transaction {due.Gid} at {due.At:u}, because "
                    + "its submitter may still be at work. Submit or abort it, wait for its end, or call Clock.Advance."
                : $"{_turns} turns of transactions are under way.";
        }
    }

    private sealed class Waiter(string gid)
    {
        public string Gid => gid;

        public TaskCompletionSource<Verdict> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
