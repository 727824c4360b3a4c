namespace OrleansDtm.Server.Apis;

/// <summary>
/// Bounds the listings that are read and sent at the same time, because each may hold several megabytes. Waiting holds
/// no thread.
/// </summary>
internal sealed class ListingGate(TimeProvider clock) : IDisposable
{
    private const int Places = 2;

    /// <summary>The time in which a client must have read its page: a slow one must not block the others.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _places = new(Places);

    public async Task Run(HttpContext context, Func<Task> list)
    {
        await _places.WaitAsync(context.RequestAborted);
        try
        {
            using var limit = new CancellationTokenSource(TimeMax, clock);
            await using var registration = limit.Token.Register(context.Abort);
            await list();
        }
        finally
        {
            _places.Release();
        }
    }

    public async Task<T> Run<T>(Func<Task<T>> list, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await list();
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
