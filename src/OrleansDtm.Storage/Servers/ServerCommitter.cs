using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Net.Sockets;

namespace OrleansDtm.Storage.Servers;

/// <summary>Commits batches over its own connection, which it opens when needed and discards when in doubt.</summary>
internal sealed class ServerCommitter(ServerDialect dialect, ServerStoreOptions options) : IBatchCommitter, IDisposable
{
    /// <summary>The maximum number of consecutive unexpected results.</summary>
    private const int SurprisesMax = 10;

    /// <summary>The same order everywhere, so that two silos do not deadlock on each other's rows.</summary>
    private static readonly Comparison<PlacedWrite> ByGid = static (a, b) =>
        string.CompareOrdinal(a.Write.Gid, b.Write.Gid) is var order && order != 0 ? order : a.Place - b.Place;

    /// <summary>After this idle time the connection is tested, so that no batch fails because it was lost.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private readonly string _where = dialect.Describe(options);
    private readonly List<PlacedWrite> _sorted = [];
    private DbConnection? _connection;
    private CommitLimits _limits;
    private long _used;

    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        _sorted.Clear();
        for (var i = 0; i < batch.Count; i++)
        {
            _sorted.Add(new PlacedWrite(i, batch[i]));
        }

        _sorted.Sort(ByGid);
        var started = Stopwatch.GetTimestamp();
        var isSurprised = false;
        for (var tries = 1; ; tries++)
        {
            try
            {
                dialect.Commit(Open(), _sorted, results, _limits, isSurprised);
                return;
            }
            catch (Exception e)
            {
                var fault = dialect.Classify(e);
                GiveUp(fault);
                isSurprised |= fault == ServerFault.Surprise;
                var isAgain = fault == ServerFault.Surprise
                    ? tries < SurprisesMax
                    : fault == ServerFault.Undone && Stopwatch.GetElapsedTime(started) < options.CommitTimeout;
                if (isAgain)
                {
                    // Gives the other transaction time to release its locks.
                    Thread.Sleep(fault == ServerFault.Undone ? Math.Min(5 * tries, 100) : 0);
                }
                else if (e is DbException refused && dialect.IsTooLarge(refused))
                {
                    throw new StoreTooLargeException($"{_where} does not accept a write of this size: {e.Message} "
                        + "[ODTM2010]", e);
                }
                else if (fault == ServerFault.Refused)
                {
                    throw;
                }
                else
                {
                    throw new StoreUnavailableException($"{_where} could not commit: {e.Message} [ODTM2008]", e);
                }
            }
        }
    }

    /// <summary>Connects, so that a fault shows now.</summary>
    public DbConnection Open()
    {
        if (_connection is { State: ConnectionState.Open }
            && (Stopwatch.GetElapsedTime(_used) < IdleMax || Answers(_connection)))
        {
            _used = Stopwatch.GetTimestamp();
            return _connection;
        }

        Close();
        var connection = dialect.CreateConnection(options);
        try
        {
            connection.Open();
            _limits = new CommitLimits(options.CommitTimeout, dialect.PrepareWriter(connection, options));
        }
        catch (Exception e)
        {
            connection.Dispose();
            throw new StoreUnavailableException($"Cannot connect to {_where}: {e.Message} [ODTM2008]", e);
        }

        _used = Stopwatch.GetTimestamp();
        return _connection = connection;
    }

    public void Dispose() => Close();

    private static bool Answers(DbConnection connection)
    {
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "select 1";
            command.ExecuteNonQuery();
            return true;
        }
        catch (Exception e) when (e is DbException or IOException or SocketException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Rolls back. If that is not certain, the connection is discarded, and the server rolls back.</summary>
    private void GiveUp(ServerFault fault)
    {
        if (_connection is not { State: ConnectionState.Open } connection || fault == ServerFault.Unavailable)
        {
            Close();
            return;
        }

        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "rollback";
            command.CommandTimeout = _limits.Seconds;
            command.ExecuteNonQuery();
        }
        catch (Exception e) when (e is DbException or IOException or SocketException or InvalidOperationException)
        {
            Close();
        }
    }

    private void Close()
    {
        try
        {
            _connection?.Dispose();
        }
        catch (Exception e) when (e is DbException or IOException or SocketException)
        {
            // It is not used again.
        }

        _connection = null;
    }
}
