namespace OrleansDtm.Grains.Watching;

/// <summary>
/// The last items of a stream with their numbers. A reader that is slower than the stream learns that it has missed
/// some; it never delays a writer. Thread-safe.
/// </summary>
/// <param name="epoch">Identifies this recording; not 0.</param>
/// <param name="capacity">The number of items that are kept.</param>
internal sealed class ChangeRing<T>(long epoch, int capacity)
{
    private readonly Lock _gate = new();
    private readonly T[] _items = new T[capacity];
    private long _next;
    private TaskCompletionSource? _grown;

    /// <summary>The position after the newest item.</summary>
    public ChangePosition Now
    {
        get
        {
            lock (_gate)
            {
                return new ChangePosition(epoch, _next);
            }
        }
    }

    public void Add(T item)
    {
        TaskCompletionSource? grown;
        lock (_gate)
        {
            _items[_next % capacity] = item;
            _next++;
            (grown, _grown) = (_grown, null);
        }

        grown?.SetResult();
    }

    /// <summary>Returns the items at a position, and whether some before them were missed.</summary>
    /// <param name="after">The position; one of another recording has a gap.</param>
    /// <param name="max">At most so many.</param>
    public (T[] Items, ChangePosition Position, bool HasGap) Read(ChangePosition after, int max)
    {
        lock (_gate)
        {
            if (after.Epoch != epoch || after.Next < _next - capacity || after.Next < 0 || after.Next > _next)
            {
                return ([], new ChangePosition(epoch, _next), true);
            }

            var items = new T[Math.Min(max, _next - after.Next)];
            for (var i = 0; i < items.Length; i++)
            {
                items[i] = _items[(after.Next + i) % capacity];
            }

            return (items, after with { Next = after.Next + items.Length }, false);
        }
    }

    /// <summary>Completes when there is something to read at a position.</summary>
    public Task Grown(ChangePosition after)
    {
        lock (_gate)
        {
            if (after.Epoch != epoch || after.Next != _next)
            {
                return Task.CompletedTask;
            }

            _grown ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _grown.Task;
        }
    }
}
