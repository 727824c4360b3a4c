using OrleansDtm.Grains.Calls;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Bounds the large request bodies that are read at the same time: a body is in memory until its end has arrived, and
/// a client may send it slowly. One address gets at most half of the places. Waiting holds no thread.
/// </summary>
/// <param name="places">The number of bodies; see <see cref="PlacesFor"/>.</param>
/// <param name="bytesMax">The maximum size of a body, in bytes.</param>
/// <param name="clock">Limits the waits.</param>
internal sealed class LargeBodies(int places, int bytesMax, TimeProvider clock)
{
    /// <summary>The size from which a body is large, in bytes.</summary>
    public const int Large = 64 * 1024;

    /// <summary>All bodies together may need a 16th of the memory.</summary>
    private const int MemoryPart = 16;

    private const int PlacesMin = 2;
    private const int PlacesMax = 64;
    private const int BytesPerSecondMin = 512 * 1024;

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(10);

    private readonly FairGate _places = new(places, Math.Max(1, places / 2));

    /// <summary>The time in which a body must arrive.</summary>
    public TimeSpan ReadMax { get; } = TimeSpan.FromSeconds(30 + (bytesMax / BytesPerSecondMin));

    /// <param name="memory">The memory that .NET may use, in bytes.</param>
    /// <param name="bytesMax">The maximum size of a body, in bytes.</param>
    public static int PlacesFor(long memory, int bytesMax) =>
        (int)Math.Clamp(memory / MemoryPart / bytesMax, PlacesMin, PlacesMax);

    /// <summary>Waits for a place.</summary>
    /// <returns>To be disposed when the body has been parsed.</returns>
    /// <exception cref="BadHttpRequestException">503: there was none within 10 s.</exception>
    public async Task<Place> Enter(HttpContext context)
    {
        var caller = context.Connection.RemoteIpAddress?.ToString() ?? "";
        using var limit = new CancellationTokenSource(WaitMax, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        if (!await _places.Enter(caller, either.Token))
        {
            context.RequestAborted.ThrowIfCancellationRequested();
            throw new BadHttpRequestException(
                "too many requests with large bodies at the same time",
                StatusCodes.Status503ServiceUnavailable);
        }

        return new Place(_places, caller, new CancellationTokenSource(ReadMax, clock));
    }

    /// <param name="places">Gets the place back.</param>
    /// <param name="caller">Its holder.</param>
    /// <param name="late">Cancelled when the rest of the body should have arrived.</param>
    public sealed class Place(FairGate places, string caller, CancellationTokenSource late) : IDisposable
    {
        /// <summary>Cancelled when the rest of the body should have arrived.</summary>
        public CancellationToken Late => late.Token;

        public void Dispose()
        {
            late.Dispose();
            places.Exit(caller);
        }
    }
}
