using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>Numbers the barriers of a call from 1 on, by their order. Safe for concurrent use.</summary>
internal sealed class BarrierNumbers
{
    /// <summary>The barrier whose business this is, by the flow of the code.</summary>
    private static readonly AsyncLocal<BarrierNumber?> Around = new();

    private readonly Lock _lock = new();
    private readonly List<BarrierNumber> _taken = [];
    private readonly SortedSet<int> _free = [];
    private int _last;

    public BarrierNumbers()
    {
    }

    /// <summary>Goes on where the other is, by itself.</summary>
    public BarrierNumbers(BarrierNumbers other)
    {
        lock (other._lock)
        {
            (_last, _free) = (other._last, new SortedSet<int>(other._free));
        }
    }

    /// <summary>The lowest that is not taken.</summary>
    /// <param name="surrounds">Those taken from here on, in the same flow of code, are within it.</param>
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

    /// <summary>With those within it, which come again with it. Does nothing the second time.</summary>
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

/// <summary>That of a barrier, until it is given back.</summary>
internal sealed class BarrierNumber(BarrierNumbers numbers, int value, BarrierNumber? around)
{
    public int Value => value;

    /// <summary>As DTM's clients write it.</summary>
    public string Id => value.ToString("D2", CultureInfo.InvariantCulture);

    public void GiveBack() => numbers.GiveBack(this);

    public bool IsWithin(BarrierNumber other) => ReferenceEquals(this, other) || around?.IsWithin(other) == true;
}
