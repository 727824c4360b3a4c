using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>A silo that hangs does not delay the sweep of a shard.</summary>
public sealed class PatientResumeTests : IAsyncDisposable
{
    private static readonly TimeSpan Old = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly TaskCompletionSource<bool> _hangs = new();
    private readonly List<string> _asked = [];
    private readonly WatchedStore _store = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_due_behind_one_that_hangs_is_woken_and_the_hanging_one_is_asked_once()
    {
        await _store.Interrupted("hangs", _clock.GetUtcNow() - (2 * Old), TimeSpan.FromSeconds(3));
        await _store.Interrupted("waits", _clock.GetUtcNow() - Old, TimeSpan.FromSeconds(3));
        var sweep = Sweep();

        var first = sweep.Run(Cancel);
        Assert.Equal(["hangs"], _asked);
        _clock.Advance(PatientResume.Patience);
        await first;
        Assert.Equal(["hangs", "waits"], _asked);

        await sweep.Run(Cancel); // The clock stands still: this sweep must not wait for the hanging silo again.
        Assert.Equal(["hangs", "waits", "waits"], _asked);
    }

    [Fact]
    public async Task One_that_has_answered_late_is_asked_again()
    {
        await _store.Interrupted("hangs", _clock.GetUtcNow() - Old, TimeSpan.FromSeconds(3));
        var sweep = Sweep();
        var first = sweep.Run(Cancel);
        _clock.Advance(PatientResume.Patience);
        await first;

        _hangs.SetException(new TimeoutException("the silo is gone"));
        await sweep.Run(Cancel);
        Assert.Equal(["hangs", "hangs"], _asked);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    /// <summary>A sweep that resumes one transaction at a time, so that a hanging one could delay all others.</summary>
    private RecoverySweep Sweep() => new(
        _store,
        0,
        owner: 7,
        static () => [],
        new PatientResume(Answer, _clock, NullLogger.Instance).Resume,
        _clock,
        new DtmGrainOptions { SweepConcurrency = 1 },
        NullLogger.Instance);

    private Task<bool> Answer(string gid, long gone)
    {
        _asked.Add(gid);
        return gid == "hangs" && !_hangs.Task.IsFaulted ? _hangs.Task : Task.FromResult(true);
    }
}
