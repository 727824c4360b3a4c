namespace OrleansDtm.Testing.Time;

/// <summary>
/// Something under way, during which time stands still: a request, a branch call. While it waits for a task that only
/// other work or the time can complete, it does not hold the time.
/// </summary>
internal sealed class Work : IDisposable
{
    private static readonly AsyncLocal<Work?> Flow = new();

    private readonly Pacer _pacer;
    private volatile Awaited? _awaited;

    public Work(Pacer pacer, string what) => (_pacer, What) = (pacer, what);

    /// <summary>The request that the current code serves; null = none.</summary>
    public static Work? Current
    {
        get => Flow.Value;
        set => Flow.Value = value;
    }

    /// <summary>For messages.</summary>
    public string What { get; }

    /// <summary>
    /// False from the moment the awaited task completes, not only when its continuation runs: there is no gap in
    /// which everything seems to wait.
    /// </summary>
    public bool IsWaiting => _awaited is { } awaited && !awaited.Cause.IsCompleted && !awaited.Result.IsCompleted;

    /// <summary>Waits for a result without holding the time.</summary>
    /// <param name="cause">The task that other work completes.</param>
    /// <param name="result">The task to await, which follows from the cause or from a time limit.</param>
    public async Task<T> While<T>(Task cause, Task<T> result)
    {
        _awaited = new Awaited(cause, result);
        _pacer.Consider();
        try
        {
            return await result.ConfigureAwait(false);
        }
        finally
        {
            _awaited = null;
        }
    }

    /// <summary>Waits for a virtual time without holding it.</summary>
    public Task<bool> While(Task<bool> delay) => While(delay, delay);

    public void Dispose() => _pacer.End(this);

    private sealed record Awaited(Task Cause, Task Result);
}
