using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains.Calls;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Calls without a slot are told once a minute, and in readiness only if the silo is starved.</summary>
public sealed class StarvationTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Notes _log = new();
    private readonly Starvation _starvation;

    public StarvationTests()
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        _starvation = new Starvation(meters, _clock, _log);
    }

    [Fact]
    public void A_service_that_is_full_is_logged_once_a_minute_and_readiness_is_calm()
    {
        for (var i = 0; i < 5; i++)
        {
            _starvation.CallNotSent(CallLimit.Service, "bank:80", "g1");
        }

        var line = Assert.Single(_log.Lines);
        Assert.Contains("limit of the service", line, StringComparison.Ordinal);
        Assert.Contains("bank:80", line, StringComparison.Ordinal);
        Assert.Null(_starvation.Problem);

        _clock.Advance(TimeSpan.FromMinutes(1));
        _starvation.CallNotSent(CallLimit.Service, "bank:80", "g2");
        Assert.Contains("4 more", _log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_silo_that_is_full_shows_in_readiness_for_a_minute()
    {
        _starvation.CallNotSent(CallLimit.Silo, "bank:80", "g1");
        _starvation.CallNotSent(CallLimit.Silo, "bank:80", "g2");
        Assert.Contains("2 branch calls got no slot", _starvation.Problem, StringComparison.Ordinal);
        Assert.Contains("ODTM4009", _starvation.Problem, StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_starvation.Problem);
    }

    [Fact]
    public void Open_files_are_counted_where_the_machine_tells()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux'.");
        var before = OpenFiles.Count();
        using var one = File.OpenRead(typeof(StarvationTests).Assembly.Location);
        Assert.NotNull(before);
        Assert.True(OpenFiles.Count() > 0);
    }

    private sealed class Notes : ILogger<Starvation>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
