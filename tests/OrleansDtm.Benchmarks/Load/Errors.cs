namespace OrleansDtm.Benchmarks.Load;

/// <summary>The number of failed calls and the description of the first one.</summary>
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
