using Grpc.Core;

namespace OrleansDtm.Invokers;

/// <summary>
/// The open channels, one for each service. Submitters choose the URLs, so the number of channels is limited, and idle
/// ones are closed.
/// </summary>
internal sealed class GrpcChannels(InvokerOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>Maximum calls of a channel: it caches each method for its lifetime.</summary>
    private const int MethodsMax = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _swept = clock.GetTimestamp();

    /// <summary>The channel of a target; return it after the call. Null when too many are in use.</summary>
    public Lease? Rent(GrpcTarget target)
    {
        List<Entry>? closed = null;
        try
        {
            lock (_lock)
            {
                var now = clock.GetTimestamp();
                var key = target.Channel;
                if (_entries.TryGetValue(key, out var entry)
                    && !entry.Knows(target)
                    && entry.Methods.Count >= MethodsMax)
                {
                    Close(entry, ref closed);
                    entry = null;
                }

                if (entry is null && (clock.GetElapsedTime(_swept, now) >= options.GrpcChannelIdle
                    || _entries.Count >= options.GrpcChannelsMax))
                {
                    Sweep(now, ref closed);
                }

                if (entry is null && _entries.Count >= options.GrpcChannelsMax)
                {
                    return null;
                }

                if (entry is null)
                {
                    entry = new Entry(key, GrpcChannelFactory.Create(target, options, clock));
                    _entries.Add(key, entry);
                }

                entry.Calls++;
                entry.Used = now;
                return new Lease(this, entry, entry.Method(target));
            }
        }
        finally
        {
            Dispose(closed);
        }
    }

    public void Dispose()
    {
        List<Entry>? closed = null;
        lock (_lock)
        {
            foreach (var entry in _entries.Values.ToArray())
            {
                entry.Calls = 0; // The process ends, and calls in flight end as Unknown.
                Close(entry, ref closed);
            }
        }

        Dispose(closed);
    }

    private void Return(Entry entry)
    {
        lock (_lock)
        {
            entry.Calls--;
            if (!entry.Closed || entry.Calls != 0)
            {
                return;
            }
        }

        entry.Channel.Dispose();
    }

    /// <summary>Closes idle channels; at the limit also the one that is idle for longest.</summary>
    private void Sweep(long now, ref List<Entry>? closed)
    {
        _swept = now;
        foreach (var entry in _entries.Values.Where(
            e => e.Calls == 0 && clock.GetElapsedTime(e.Used, now) >= options.GrpcChannelIdle).ToArray())
        {
            Close(entry, ref closed);
        }

        if (_entries.Count >= options.GrpcChannelsMax
            && _entries.Values.Where(static e => e.Calls == 0).MinBy(static e => e.Used) is { } oldest)
        {
            Close(oldest, ref closed);
        }
    }

    private void Close(Entry entry, ref List<Entry>? closed)
    {
        _entries.Remove(entry.Key);
        entry.Closed = true;
        if (entry.Calls == 0)
        {
            (closed ??= []).Add(entry);
        }
    }

    /// <summary>Outside the lock: closing a channel takes time.</summary>
    private static void Dispose(List<Entry>? closed)
    {
        foreach (var entry in closed ?? [])
        {
            entry.Channel.Dispose();
        }
    }

    /// <summary>A reservation for one call.</summary>
    public sealed class Lease(GrpcChannels owner, Entry entry, Method<BranchInvocation, object> method) : IDisposable
    {
        public CallInvoker Invoker => entry.Invoker;

        public Method<BranchInvocation, object> Method => method;

        public void Dispose() => owner.Return(entry);
    }

    /// <summary>Guarded by the lock.</summary>
    public sealed class Entry(string key, Grpc.Net.Client.GrpcChannel channel)
    {
        public string Key { get; } = key;

        public Grpc.Net.Client.GrpcChannel Channel { get; } = channel;

        public CallInvoker Invoker { get; } = channel.CreateCallInvoker();

        public Dictionary<(string Service, string Method), Method<BranchInvocation, object>> Methods { get; } = [];

        public int Calls { get; set; }

        public long Used { get; set; }

        public bool Closed { get; set; }

        public bool Knows(GrpcTarget target) => Methods.ContainsKey((target.Service, target.Method));

        public Method<BranchInvocation, object> Method(GrpcTarget target)
        {
            if (!Methods.TryGetValue((target.Service, target.Method), out var method))
            {
                method = RawMethod.Of(target.Service, target.Method);
                Methods.Add((target.Service, target.Method), method);
            }

            return method;
        }
    }
}
