using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.UnitTests.Storage;
using Xunit;
using States = OrleansDtm.Tests.Support.Storage.StoredSamples;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Retention deletes in small batches, which use only a small part of the store's time.</summary>
public sealed class RetentionSweepTests : IAsyncDisposable
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    private readonly FakeTimeProvider _clock = new(States.Start);
    private readonly SwitchableStore _store = new();
    private readonly List<int> _deleted = [];
    private readonly Notes _log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pass_deletes_what_is_old_enough_and_says_so_once()
    {
        await Fill(1200);
        await _store.Write(States.Insert(States.Plain("stuck")), Token);
        _clock.Advance(Retention);
        _clock.Advance(TimeSpan.FromSeconds(1)); // They finished a second after their start.
        await Sweep().Next(Token);
        Assert.Equal([0], _deleted); // Their retention is not over yet.

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        var sweep = Sweep();
        var waits = new[] { await sweep.Next(Token), await sweep.Next(Token), await sweep.Next(Token) };

        Assert.Equal([0, 500, 500, 200], _deleted);
        Assert.Equal(
            ["Deleted 1200 finished transactions of shard 3, which are older than their retention of 7.00:00:00"],
            _log.Said);
        Assert.Equal(TimeSpan.FromMinutes(10), waits[2]);
        Assert.NotNull(await _store.Load("stuck", Token));
    }

    [Fact]
    public async Task It_works_at_most_a_tenth_of_the_time()
    {
        await Fill(2000);
        _clock.Advance(Retention * 2);
        var (work, wait) = (TimeSpan.Zero, TimeSpan.Zero);
        _store.OnDelete = () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(250));
            work += TimeSpan.FromMilliseconds(250);
        };
        var sweep = Sweep();
        for (var slice = 0; slice < 4; slice++)
        {
            var pause = await sweep.Next(Token);
            wait += pause;
            _clock.Advance(pause);
        }

        Assert.Equal(2000, _deleted.Sum());
        Assert.True(work <= (work + wait) * 0.1, $"{work} of work with {wait} of pauses");
    }

    [Fact]
    public async Task A_million_that_wait_are_not_looked_at_each_minute()
    {
        await _store.Write(States.Insert(States.Plain("stuck")), Token);
        _clock.Advance(Retention * 2);
        var pass = TimeSpan.FromHours(2);
        _store.OnDelete = () => _clock.Advance(pass);
        var sweep = Sweep();

        Assert.Equal(pass, await sweep.Next(Token)); // The pause equals the duration of the pass.
        Assert.Empty(_log.Said); // Nothing was deleted, so nothing is logged.
    }

    [Fact]
    public async Task An_outage_is_said_once_and_the_pass_goes_on_where_it_was()
    {
        await Fill(800);
        _clock.Advance(Retention * 2);
        var sweep = Sweep();
        await sweep.Next(Token);
        _store.Away = true;
        Assert.Equal(TimeSpan.FromSeconds(10), await sweep.Next(Token));
        Assert.Equal(TimeSpan.FromSeconds(10), await sweep.Next(Token));
        _store.Away = false;
        await sweep.Next(Token);

        Assert.Equal([500, 300], _deleted);
        Assert.Equal(
            [
                "Old finished transactions of shard 3 cannot be deleted; retention retries every 10 s [ODTM4001]",
                "Deleted 800 finished transactions of shard 3, which are older than their retention of 7.00:00:00",
            ],
            _log.Said);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3600, 36)]
    [InlineData(7 * 86400, 600)]
    public void The_rest_between_passes_goes_by_the_retention(double retention, double rest) =>
        Assert.Equal(
            TimeSpan.FromSeconds(rest),
            RetentionPace.RestAfter(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(retention)));

    [Theory]
    [InlineData(0, 10)]
    [InlineData(100, 900)]
    [InlineData(3_600_000, 60_000)]
    public void The_pause_after_a_slice_goes_by_its_time_within_bounds(double slice, double pause) =>
        Assert.Equal(pause, RetentionPace.PauseAfter(TimeSpan.FromMilliseconds(slice)).TotalMilliseconds, 0.01);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private RetentionSweep Sweep() => new(
        "finished transactions",
        (now, lastId, token) => _store.DeleteFinished(now - Retention, lastId, RetentionPace.SliceRows, token),
        3,
        Retention,
        _clock,
        _deleted.Add,
        _log);

    private async Task Fill(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _store.Write(States.Insert(States.Finish(States.Plain($"g{i}"))), Token);
        }
    }

    private sealed class Notes : ILogger
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Said.Add(formatter(state, exception));
    }
}
