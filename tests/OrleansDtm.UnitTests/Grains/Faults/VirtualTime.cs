using Microsoft.Extensions.Time.Testing;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>What is to happen, in the order of its moments.</summary>
internal sealed class VirtualTime(DateTimeOffset start)
{
    private readonly PriorityQueue<Action, (DateTimeOffset At, int Order)> _events = new();
    private int _order;

    public FakeTimeProvider Clock { get; } = new(start);

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>When the next event is; null = there is none.</summary>
    public DateTimeOffset? Next => _events.TryPeek(out _, out var key) ? key.At : null;

    public void After(TimeSpan wait, Action happen) => _events.Enqueue(happen, (Now + wait, _order++));

    public void MoveTo(DateTimeOffset moment)
    {
        if (moment > Now)
        {
            Clock.SetUtcNow(moment);
        }
    }

    /// <summary>Time moves to the next event, and it happens.</summary>
    public void RunNext()
    {
        _events.TryDequeue(out var happen, out var key);
        MoveTo(key.At);
        happen!();
    }
}
