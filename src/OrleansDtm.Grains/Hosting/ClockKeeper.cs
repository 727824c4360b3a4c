using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Hosting;

/// <summary>
/// One time for all silos: the moments in the rows (delays, timeouts, retries, leases) are written by one silo and waited for by another,
/// so a silo whose clock is wrong goes by the database's. Measured at the start and every minute.
/// </summary>
internal sealed partial class ClockKeeper(
    IOptions<DtmGrainOptions> options, ITransactionStore store, TimeProvider time, ILogger<ClockKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>What a time service keeps, and more than the way to the database and back can pretend.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private const int Samples = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private bool _isKnown;
    private bool _differs;
    private bool _complained;

    public void Participate(ISiloLifecycle lifecycle)
    {
        // A clock somebody has chosen is his.
        if (options.Value.Clock is SteadyClock clock)
        {
            lifecycle.Subscribe(nameof(ClockKeeper), ServiceLifecycleStage.RuntimeGrainServices, token => Start(clock, token), _ => Stop());
        }
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>Looks once. What is found first decides, in either direction.</summary>
    internal async Task Look(SteadyClock clock, CancellationToken cancellationToken)
    {
        if (await Measure(clock, cancellationToken) is not { } difference)
        {
            return;
        }

        var isFirst = !_isKnown;
        _isKnown = true;
        if (difference.Duration() <= Tolerance)
        {
            _differs = false;
            return;
        }

        // Later the database's clock may be the one that has jumped, and no timeout is to fire for that: the machine's has to agree.
        var isSure = isFirst || (clock.GetUtcNow() + difference - clock.Wall).Duration() <= Tolerance;
        if (isSure)
        {
            clock.Correct(difference);
            _differs = false;
            LogCorrected(difference.TotalSeconds);
        }
        else if (!_differs)
        {
            _differs = true; // Once, not every minute.
            LogDiffers(difference.TotalSeconds);
        }
    }

    /// <returns>What the store's clock is ahead; null = it has none, or does not answer.</returns>
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
                    _isKnown = true; // There is nothing to be found.
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
            // Whatever it is: the time alone keeps no silo from working, and it is asked for again.
            Complain(e);
        }

        // What took longer than the difference that counts says nothing.
        if (best is { } found && found.Took < Tolerance)
        {
            _complained = false;
            return found.Difference;
        }

        Complain(null);
        return null;
    }

    /// <summary>Once, not every second.</summary>
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

    [LoggerMessage(90, LogLevel.Warning, "This machine's clock is off by {Seconds:F1} s against the database's: transactions go by the database's. Let a time service set both [ODTM2015]")]
    private partial void LogCorrected(double seconds);

    [LoggerMessage(91, LogLevel.Warning, "The database's clock is off by {Seconds:F1} s against this process's and this machine's: this process keeps its own, and one that starts now goes by the database's. Set the database's clock first [ODTM2015]")]
    private partial void LogDiffers(double seconds);

    [LoggerMessage(92, LogLevel.Warning, "The database does not tell the time, or takes too long to; until it does, this machine's clock counts")]
    private partial void LogNoAnswer(Exception? exception);
}
