namespace OrleansDtm.Benchmarks.Load;

/// <summary>How many calls went wrong, and the first of them in words.</summary>
internal sealed class Errors
{
    private long _count;
    private string? _example;

    public long Count => Volatile.Read(ref _count);

    public string? Example => Volatile.Read(ref _example);

    public void Add(string what)
    {
        Interlocked.Increment(ref _count);
        Interlocked.CompareExchange(ref _example, what, null);
    }
}
