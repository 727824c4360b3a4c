using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.UnitTests.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The time that a silo uses if its machine's clock and the database's differ.</summary>
public sealed class ClockKeeperTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly Machine _machine = new() { Wall = Noon };
    private readonly FakeTimeProvider _database = new(Noon);
    private readonly SwitchableStore _store = new();
    private readonly SteadyClock _clock;
    private readonly ClockKeeper _keeper;

    public ClockKeeperTests()
    {
        _clock = new SteadyClock(_machine);
        _store.Clock = _database;
        _keeper = new ClockKeeper(
            Options.Create(new DtmGrainOptions { Clock = _clock }), _store, _machine, NullLogger<ClockKeeper>.Instance);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _keeper.Dispose();

    [Theory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task A_wrong_clock_at_the_start_is_put_right_by_the_database(int minutes)
    {
        _database.AdjustTime(Noon.AddMinutes(minutes));
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon.AddMinutes(minutes), _clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromMinutes(minutes), _keeper.MachineIsBehind);
    }

    [Fact]
    public async Task A_difference_that_a_time_service_leaves_is_let_be()
    {
        _database.AdjustTime(Noon.AddMilliseconds(900));
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon, _clock.GetUtcNow());
    }

    [Fact]
    public async Task A_database_whose_clock_jumps_moves_nothing()
    {
        await _keeper.Look(_clock, Cancel);
        _database.AdjustTime(Noon.AddHours(1));
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon, _clock.GetUtcNow());
    }

    /// <summary>
    /// The machine was suspended: its monotonic clock stood still, and its wall clock was corrected afterwards.
    /// </summary>
    [Fact]
    public async Task A_process_that_slept_follows_when_the_machine_agrees_with_the_database()
    {
        await _keeper.Look(_clock, Cancel);
        _database.AdjustTime(Noon.AddHours(1));
        _machine.Wall = Noon.AddHours(1);
        Assert.Equal(Noon, _clock.GetUtcNow());
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon.AddHours(1), _clock.GetUtcNow());
    }

    [Fact]
    public async Task Without_a_database_that_tells_the_time_the_machines_counts()
    {
        _store.Clock = null;
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon, _clock.GetUtcNow());
        Assert.Null(_keeper.MachineIsBehind);
    }

    [Fact]
    public async Task A_database_that_is_away_at_the_start_is_asked_again()
    {
        _database.AdjustTime(Noon.AddHours(1));
        _store.Away = true;
        await _keeper.Look(_clock, Cancel);
        _store.Away = false;
        await _keeper.Look(_clock, Cancel);
        Assert.Equal(Noon.AddHours(1), _clock.GetUtcNow());
    }

    /// <summary>A clock whose monotonic part stands still.</summary>
    private sealed class Machine : TimeProvider
    {
        public DateTimeOffset Wall { get; set; }

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => 0;
    }
}
