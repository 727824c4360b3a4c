using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Server.Security.Sessions;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>Failed sign-ins are delayed and counted.</summary>
public sealed class SignInGuardTests : IDisposable
{
    private static readonly IPAddress One = IPAddress.Parse("10.1.1.1");

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTimeProvider _clock = new();
    private readonly SignInGuard _guard;

    public SignInGuardTests() => _guard = new SignInGuard(
        _clock, _services.GetRequiredService<IMeterFactory>(), NullLogger<SignInGuard>.Instance);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_failure_of_an_address_waits_longer_until_one_succeeds()
    {
        foreach (var milliseconds in new[] { 250, 500, 1000, 2000, 4000, 8000, 8000 })
        {
            await Answered(One, milliseconds);
        }

        await Answered(IPAddress.Parse("10.1.1.2"), 250); // Other addresses are not delayed.
        _guard.Succeeded(One);
        await Answered(One, 250);
        await Answered(One, 500);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Answered(One, 250);
        Assert.Equal(11, Failures());
    }

    [Fact]
    public async Task Of_many_failures_at_once_only_some_wait_for_their_answer()
    {
        var one = IPAddress.Parse("2001:db8:1:2::1");
        var neighbor = IPAddress.Parse("2001:db8:1:2:ffff::9");
        var waiting =
            Enumerable.Range(0, SignInGuard.WaitingMax).Select(_ => _guard.Failed(one, "unknown", Cancel)).ToList();

        Assert.False(await _guard.Failed(neighbor, "unknown", Cancel)); // It is in the same /64.
        var other = _guard.Failed(One, "unknown", Cancel);
        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.All(await Task.WhenAll([.. waiting, other]), Assert.True);
    }

    public void Dispose() => _services.Dispose();

    private async Task Answered(IPAddress address, int milliseconds)
    {
        var failed = _guard.Failed(address, "unknown", Cancel);
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        Assert.False(failed.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await failed.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    private long Failures()
    {
        var seen = 0L;
        var own = _services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "dtm_sign_in_failures_total" && ReferenceEquals(instrument.Meter.Scope, own))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => seen = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }
}
