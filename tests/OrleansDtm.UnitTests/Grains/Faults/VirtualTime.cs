using Microsoft.Extensions.Time.Testing;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>A queue of future events, ordered by time.</summary>
internal sealed class VirtualTime(DateTimeOffset start)
{
    private readonly PriorityQueue<Action, (DateTimeOffset At, int Order)> _events = new();
    private int _order;

    public FakeTimeProvider Clock { get; } = new(start);

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>The time of the next event; null = there is none.</summary>
    public DateTimeOffset? Next => _events.TryPeek(out _, out var key) ? key.At : null;

    public void After(TimeSpan wait, Action happen) => _events.Enqueue(happen, (Now + wait, _order++));

    public void MoveTo(DateTimeOffset moment)
    {
        if (moment > Now)
        {
            Clock.SetUtcNow(moment);
        }
    }

    /// <summary>Moves the time to the next event and runs it.</summary>
    public void RunNext()
    {
        _events.TryDequeue(out var happen, out var key);
        MoveTo(key.At);
        happen!();
    }
}
