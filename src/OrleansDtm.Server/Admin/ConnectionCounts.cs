using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Activity;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// Counts the connections of this process with the metrics of Kestrel and the database drivers. It must exist before
/// the first connection: most of these metrics only tell changes.
/// </summary>
internal sealed class ConnectionCounts : IConnectionCounts, IDisposable
{
    private readonly MeterListener _listener = new();
    private long _clients;
    private long _stores;
    private long _observed;
    private bool _hasStore;

    public ConnectionCounts()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            switch (instrument.Meter.Name, instrument.Name)
            {
                case ("MySqlConnector", "db.client.connections.usage") or ("Npgsql", "db.client.connection.count"):
                    _hasStore = true;
                    listener.EnableMeasurementEvents(instrument);
                    break;
                case ("Microsoft.AspNetCore.Server.Kestrel", "kestrel.active_connections"):
                    listener.EnableMeasurementEvents(instrument);
                    break;
                default:
                    break;
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Count(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument, value, tags));
        _listener.Start();
    }

    public int? Clients => (int)Math.Max(0, Volatile.Read(ref _clients));

    public int? Store
    {
        get
        {
            if (!_hasStore)
            {
                return null; // A file.
            }

            lock (_listener)
            {
                _observed = 0;
                _listener.RecordObservableInstruments();
                return (int)Math.Max(0, Volatile.Read(ref _stores) + _observed);
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Count(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument.Name.StartsWith("kestrel", StringComparison.Ordinal))
        {
            Interlocked.Add(ref _clients, value);
        }
        else if (IsUsed(tags))
        {
            if (instrument.IsObservable)
            {
                _observed += value; // Under the lock: only Store asks for it.
            }
            else
            {
                Interlocked.Add(ref _stores, value);
            }
        }
    }

    /// <summary>The tag is state or db.client.connection.state: idle or used.</summary>
    private static bool IsUsed(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (key, value) in tags)
        {
            if (key.EndsWith("state", StringComparison.Ordinal))
            {
                return value is "used";
            }
        }

        return false;
    }
}
