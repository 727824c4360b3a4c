using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Slows failed sign-ins of an address, logs and counts them. A successful sign-in never waits.</summary>
internal sealed class SignInGuard
{
    /// <summary>Failed sign-ins of one address that may wait for their response; further ones are refused.</summary>
    public const int WaitingMax = 4;

    private const int AddressesMax = 10_000;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Attempts> _addresses = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private long _failures;

    public SignInGuard(TimeProvider clock, IMeterFactory meters, ILogger<SignInGuard> log)
    {
        (_clock, _log) = (clock, log);
        meters.Create(DtmMeter.Name).CreateObservableCounter(
            "dtm_sign_in_failures_total",
            () => Interlocked.Read(ref _failures),
            description: "Failed sign-ins to the admin page.");
    }

    public void Succeeded(IPAddress? address) => _addresses.TryRemove(Key(address), out _);

    /// <summary>Completes when the failure may be answered; false = too many wait already.</summary>
    public async Task<bool> Failed(IPAddress? address, string problem, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _failures);
        var attempts = Of(Key(address));
        int count;
        lock (attempts)
        {
            var now = _clock.GetTimestamp();
            attempts.Failures = _clock.GetElapsedTime(attempts.Last, now) >= Memory ? 1 : attempts.Failures + 1;
            (attempts.Last, count) = (now, attempts.Failures);
            if (attempts.Waiting >= WaitingMax)
            {
                return false; // They came at the same time, before the first was known to fail.
            }

            attempts.Waiting++;
        }

        _log.SignInFailed(address?.ToString() ?? "unknown", count, problem);
        try
        {
            await Task.Delay(DelayAfter(count), _clock, cancellationToken);
            return true;
        }
        finally
        {
            lock (attempts)
            {
                attempts.Waiting--;
            }
        }
    }

    /// <summary>Doubles with each failure in a row.</summary>
    public static TimeSpan DelayAfter(int failures) =>
        failures > 16 ? DelayMax : TimeSpan.FromTicks(Math.Min(DelayMax.Ticks, FirstDelay.Ticks << (failures - 1)));

    /// <summary>A site has a whole /64 of IPv6 addresses.</summary>
    private static string Key(IPAddress? address) =>
        address is null ? ""
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(
            address.GetAddressBytes().AsSpan(0, 8))
        : address.ToString();

    private Attempts Of(string key)
    {
        if (_addresses.Count >= AddressesMax)
        {
            foreach (var (old, attempts) in _addresses)
            {
                if (attempts.Waiting == 0 && _clock.GetElapsedTime(attempts.Last) >= Memory)
                {
                    _addresses.TryRemove(old, out _);
                }
            }

            key = _addresses.Count >= AddressesMax && !_addresses.ContainsKey(key) ? "others" : key;
        }

        return _addresses.GetOrAdd(key, static _ => new Attempts());
    }

    private sealed class Attempts
    {
        public int Failures;
        public int Waiting;
        public long Last;
    }
}
