namespace OrleansDtm.Server.Apis;

/// <summary>
/// Bounds the large request bodies that are read at the same time: a body is in memory until its end has arrived, and
/// a client may send it slowly. Waiting holds no thread.
/// </summary>
/// <param name="places">The number of bodies; see <see cref="PlacesFor"/>.</param>
/// <param name="clock">Limits the waits.</param>
internal sealed class LargeBodies(int places, TimeProvider clock) : IDisposable
{
    /// <summary>The size from which a body is large, in bytes.</summary>
    public const int Large = 64 * 1024;

    /// <summary>A body may need a 16th of the memory with all others.</summary>
    private const int MemoryPart = 16;

    private const int PlacesMin = 2;
    private const int PlacesMax = 64;

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReadMax = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _places = new(places);

    /// <param name="memory">The memory that .NET may use, in bytes.</param>
    /// <param name="bytesMax">The maximum size of a body, in bytes.</param>
    public static int PlacesFor(long memory, int bytesMax) =>
        (int)Math.Clamp(memory / MemoryPart / bytesMax, PlacesMin, PlacesMax);

    /// <summary>Waits for a place.</summary>
    /// <returns>To be disposed when the body has been parsed.</returns>
    /// <exception cref="BadHttpRequestException">503: there was none within 10 s.</exception>
    public async Task<Place> Enter(HttpContext context)
    {
        using var limit = new CancellationTokenSource(WaitMax, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        try
        {
            await _places.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException(
                "too many requests with large bodies at the same time; try again later",
                StatusCodes.Status503ServiceUnavailable);
        }

        return new Place(_places, new CancellationTokenSource(ReadMax, clock));
    }

    public void Dispose() => _places.Dispose();

    /// <param name="places">Gets the place back.</param>
    /// <param name="late">Cancelled when the rest of the body should have arrived.</param>
    public sealed class Place(SemaphoreSlim places, CancellationTokenSource late) : IDisposable
    {
        /// <summary>Cancelled when the rest of the body should have arrived.</summary>
        public CancellationToken Late => late.Token;

        public void Dispose()
        {
            late.Dispose();
            places.Release();
        }
    }
}
