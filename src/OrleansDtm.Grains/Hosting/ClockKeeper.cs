using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// Keeps the clocks of all silos in agreement. One silo stores times (delays, timeouts, retries, leases) and another
/// one waits for them, so a silo with a wrong clock uses the database's. Measured at the start and every minute.
/// </summary>
internal sealed partial class ClockKeeper(
    IOptions<DtmGrainOptions> options, ITransactionStore store, TimeProvider time, ILogger<ClockKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The tolerated difference: more than a time service and the round trip to the database cause.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private const int Samples = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private bool _isKnown;
    private bool _differs;
    private bool _complained;
    private long _machineIsBehind = long.MinValue;

    /// <summary>
    /// The time by which the machine's clock was behind the database's at the last measurement; null = unknown, or the
    /// store has no clock.
    /// </summary>
    public TimeSpan? MachineIsBehind => Volatile.Read(ref _machineIsBehind) is var ticks && ticks == long.MinValue
        ? null
        : TimeSpan.FromTicks(ticks);

    public void Participate(ISiloLifecycle lifecycle)
    {
        // A configured TimeProvider is never corrected.
        if (options.Value.Clock is SteadyClock clock)
        {
            lifecycle.Subscribe(
                nameof(ClockKeeper),
                ServiceLifecycleStage.RuntimeGrainServices,
                token => Start(clock, token),
                _ => Stop());
        }
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>
    /// Measures the difference once. Only the first measurement corrects the clock, forwards or backwards.
    /// </summary>
    internal async Task Look(SteadyClock clock, CancellationToken cancellationToken)
    {
        if (await Measure(clock, cancellationToken) is not { } difference)
        {
            return;
        }

        var isFirst = !_isKnown;
        _isKnown = true;
        Volatile.Write(ref _machineIsBehind, (clock.GetUtcNow() + difference - clock.Wall).Ticks);
        if (difference.Duration() <= Tolerance)
        {
            _differs = false;
            return;
        }

        // Later the database's clock may have jumped instead. Timeouts must not fire for that, so the machine's clock
        // must agree.
        var isSure = isFirst || (clock.GetUtcNow() + difference - clock.Wall).Duration() <= Tolerance;
        if (isSure)
        {
            clock.Correct(difference);
            _differs = false;
            LogCorrected(difference.TotalSeconds);
        }
        else if (!_differs)
        {
            _differs = true; // Logged once, not every minute.
            LogDiffers(difference.TotalSeconds);
        }
    }

    /// <returns>The time by which the store's clock is ahead; null = it has none or does not respond.</returns>
    private async Task<TimeSpan?> Measure(SteadyClock clock, CancellationToken cancellationToken)
    {
        (TimeSpan Took, TimeSpan Difference)? best = null;
        try
        {
            for (var i = 0; i < Samples; i++)
            {
                var (before, from) = (clock.GetUtcNow(), clock.GetTimestamp());
                if (await store.ReadClock(cancellationToken) is not { } theirs)
                {
                    _isKnown = true; // The store has no clock.
                    return null;
                }

                var took = clock.GetElapsedTime(from);
                if (best is null || took < best.Value.Took)
                {
                    best = (took, theirs - before - (took / 2));
                }
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A silo works without the database's time; the next measurement tries again.
            Complain(e);
        }

        // A measurement that took longer than the tolerated difference is meaningless.
        if (best is { } found && found.Took < Tolerance)
        {
            _complained = false;
            return found.Difference;
        }

        Complain(null);
        return null;
    }

    /// <summary>Logs the error once, not every second.</summary>
    private void Complain(Exception? cause)
    {
        if (!_complained)
        {
            _complained = true;
            LogNoAnswer(cause);
        }
    }

    private async Task Start(SteadyClock clock, CancellationToken cancellationToken)
    {
        await Look(clock, cancellationToken);
        _loop = Task.Run(() => Run(clock), CancellationToken.None);
    }

    private async Task Run(SteadyClock clock)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_isKnown ? Interval : Retry, time, _stopping.Token);
                await Look(clock, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task Stop()
    {
        await _stopping.CancelAsync();
        await _loop;
    }

    [LoggerMessage(90, LogLevel.Warning, "This machine's clock differs by {Seconds:F1} s from the database's. "
        + "Transactions use the database's clock. Synchronize both (NTP). [ODTM2015]")]
    private partial void LogCorrected(double seconds);

    [LoggerMessage(
        91, LogLevel.Warning, "The database's clock differs by {Seconds:F1} s from this process's and this machine's. "
            + "This process keeps its own clock; a process that starts now uses the database's. "
            + "Set the database's clock first. [ODTM2015]")]
    private partial void LogDiffers(double seconds);

    [LoggerMessage(92, LogLevel.Warning,
        "The database's clock could not be read in time. This machine's clock is used until it can.")]
    private partial void LogNoAnswer(Exception? exception);
}
