using OrleansDtm.Core;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// A bounded number of places that are given fairly among keys. Waiters of different keys take turns, namespaces first,
/// so that one with many keys does not delay the others. While places
/// are scarce a key holds no more than its share, so that one key that keeps its places for long cannot take them all.
/// Waiting holds no thread. Thread-safe.
/// </summary>
/// <param name="max">The number of places.</param>
/// <param name="perKeyMax">The number of places of one key.</param>
/// <param name="shares">
/// True if the last quarter of the places is for keys that hold less than an equal share, and half of it for keys that
/// hold none.
/// </param>
public sealed class FairGate(int max, int perKeyMax = int.MaxValue, bool shares = false)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Key> _keys = new(StringComparer.Ordinal);

    /// <summary>Namespaces of keys with waiters; the one whose turn is next is first.</summary>
    private readonly LinkedList<Group> _turns = [];
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);

    private int _taken;
    private int _holders;

    /// <summary>Takes a place if one is free for the key.</summary>
    public bool TryEnter(string key)
    {
        lock (_lock)
        {
            var entry = Find(key);
            var taken = TryTake(entry);
            Forget(entry);
            return taken;
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <returns>False if the token was cancelled before one was free.</returns>
    public async Task<bool> Enter(string key, CancellationToken cancellationToken)
    {
        Waiter waiter;
        Key entry;
        lock (_lock)
        {
            entry = Find(key);
            if (TryTake(entry))
            {
                return true;
            }

            waiter = new Waiter();
            entry.Waiters.AddLast(waiter.Node);
            entry.Turn ??= StartTurn(entry);
        }

        await using var registration = cancellationToken.UnsafeRegister(
            _ => Leave(entry, waiter), null).ConfigureAwait(false);
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>Returns a place that was taken for the key, and gives it to the waiter whose turn it is.</summary>
    public void Exit(string key)
    {
        lock (_lock)
        {
            var entry = _keys[key];
            _taken--;
            if (--entry.Taken == 0)
            {
                _holders--;
            }

            if (max == int.MaxValue)
            {
                Admit(entry); // Keys do not compete, so no other can have become admissible.
            }
            else
            {
                Admit();
            }

            Forget(entry);
        }
    }

    private void Leave(Key entry, Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Node.List is null)
            {
                return; // Admitted first.
            }

            entry.Waiters.Remove(waiter.Node);
            EndTurn(entry);
            Forget(entry);
        }

        waiter.TrySetResult(false);
    }

    private void Admit()
    {
        // Keys at their limit are passed over. There are few of them: together they hold most of the places.
        for (var turn = _turns.First; turn is not null && _taken < max;)
        {
            turn = Admit(turn.Value) ? _turns.First : turn.Next;
        }
    }

    private bool Admit(Group group)
    {
        for (var turn = group.Turns.First; turn is not null; turn = turn.Next)
        {
            if (Admit(turn.Value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives a place to the key's first waiter, if it has one and may hold another place.</summary>
    private bool Admit(Key entry)
    {
        if (entry.Waiters.First is not { } first || !IsAdmissible(entry))
        {
            return false;
        }

        entry.Waiters.RemoveFirst();
        Take(entry);
        RemoveTurn(entry);
        entry.Turn = entry.Waiters.Count > 0 ? StartTurn(entry) : null;
        first.Value.TrySetResult(true);
        return true;
    }

    private bool IsAdmissible(Key entry)
    {
        var free = max - _taken;
        return free > 0
            && entry.Taken < perKeyMax
            && (!shares
                || entry.Taken == 0
                || free > max / 4
                || (free > max / 8 && entry.Taken < max / (_holders + 1)));
    }

    private bool TryTake(Key entry)
    {
        if (entry.Waiters.Count > 0 || !IsAdmissible(entry))
        {
            return false;
        }

        Take(entry);
        return true;
    }

    private void Take(Key entry)
    {
        _taken++;
        if (entry.Taken++ == 0)
        {
            _holders++;
        }
    }

    private Key Find(string key)
    {
        if (!_keys.TryGetValue(key, out var entry))
        {
            _keys.Add(key, entry = new Key(key));
        }

        return entry;
    }

    /// <summary>Puts the key, and its namespace if it is not there yet, at the end.</summary>
    private LinkedListNode<Key> StartTurn(Key entry)
    {
        var name = Namespaces.Of(entry.Name);
        if (!_groups.TryGetValue(name, out var group))
        {
            _groups.Add(name, group = new Group(name));
            group.Turn = _turns.AddLast(group);
        }

        return group.Turns.AddLast(entry);
    }

    /// <summary>Removes the key, and puts its namespace at the end.</summary>
    private void RemoveTurn(Key entry)
    {
        var group = _groups[Namespaces.Of(entry.Name)];
        group.Turns.Remove(entry.Turn!);
        entry.Turn = null;
        _turns.Remove(group.Turn!);
        if (group.Turns.Count > 0)
        {
            group.Turn = _turns.AddLast(group);
        }
        else
        {
            _groups.Remove(group.Name);
        }
    }

    private void EndTurn(Key entry)
    {
        if (entry.Waiters.Count == 0 && entry.Turn is not null)
        {
            RemoveTurn(entry);
        }
    }

    private void Forget(Key entry)
    {
        if (entry.Taken == 0 && entry.Waiters.Count == 0)
        {
            _keys.Remove(entry.Name);
        }
    }

    private sealed class Group(string name)
    {
        public string Name { get; } = name;

        /// <summary>Keys with waiters; the one whose turn is next is first.</summary>
        public LinkedList<Key> Turns { get; } = [];

        public LinkedListNode<Group>? Turn { get; set; }
    }

    private sealed class Key(string name)
    {
        public string Name { get; } = name;

        public LinkedList<Waiter> Waiters { get; } = [];

        /// <summary>The key's place among those with waiters; null = it has none.</summary>
        public LinkedListNode<Key>? Turn { get; set; }

        public int Taken { get; set; }
    }

    private sealed class Waiter() : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private LinkedListNode<Waiter>? _node;

        public LinkedListNode<Waiter> Node => _node ??= new LinkedListNode<Waiter>(this);
    }
}
