using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>Numbers the barriers of a call from 1, in their order. Thread-safe.</summary>
internal sealed class BarrierNumbers
{
    /// <summary>The barrier of the current async flow.</summary>
    private static readonly AsyncLocal<BarrierNumber?> Around = new();

    private readonly object _lock = new();
    private readonly List<BarrierNumber> _taken = [];
    private readonly SortedSet<int> _free = [];
    private int _last;

    public BarrierNumbers()
    {
    }

    /// <summary>A copy that continues independently.</summary>
    public BarrierNumbers(BarrierNumbers other)
    {
        lock (other._lock)
        {
            (_last, _free) = (other._last, new SortedSet<int>(other._free));
        }
    }

    /// <summary>The lowest free number.</summary>
    /// <param name="surrounds">Numbers taken later in the same async flow are nested in it.</param>
    public BarrierNumber Take(bool surrounds)
    {
        lock (_lock)
        {
            var number = _free.Count > 0 ? _free.Min : ++_last;
            _free.Remove(number);
            var taken = new BarrierNumber(this, number, Around.Value);
            _taken.Add(taken);
            if (surrounds)
            {
                Around.Value = taken;
            }

            return taken;
        }
    }

    /// <summary>Returns the number and those nested in it. Does nothing the second time.</summary>
    public void GiveBack(BarrierNumber number)
    {
        lock (_lock)
        {
            foreach (var taken in _taken.Where(taken => taken.IsWithin(number)).ToArray())
            {
                _taken.Remove(taken);
                _free.Add(taken.Value);
            }
        }
    }
}

/// <summary>A number in use, until it is returned.</summary>
internal sealed class BarrierNumber(BarrierNumbers numbers, int value, BarrierNumber? around)
{
    public int Value => value;

    /// <summary>In the format of DTM's clients.</summary>
    public string Id => value.ToString("D2", CultureInfo.InvariantCulture);

    public void GiveBack() => numbers.GiveBack(this);

    public bool IsWithin(BarrierNumber other) => ReferenceEquals(this, other) || around?.IsWithin(other) == true;
}
