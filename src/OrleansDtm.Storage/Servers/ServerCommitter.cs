using System.Data;
using System.Data.Common;
using System.Diagnostics;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Commits batches over one connection of its own, opened when needed and thrown away when in doubt. The fast way takes it that
/// every row is as its writer believes and says all in one go; where that fails the careful way looks first.
/// </summary>
internal sealed class ServerCommitter(ServerDialect dialect, ServerStoreOptions options) : IBatchCommitter, IDisposable
{
    /// <summary>More surprises than this one after the other are no accident.</summary>
    private const int SurprisesMax = 10;

    private static readonly IComparer<EncodedWrite> ByGid =
        Comparer<EncodedWrite>.Create(static (a, b) => string.CompareOrdinal(a.Gid, b.Gid));

    private readonly string _where = dialect.Describe(options);
    private readonly List<EncodedWrite> _sorted = [];
    private DbConnection? _connection;
    private CommitLimits _limits;

    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        // In one order everywhere, so that two silos never wait for each other's rows. Writes of one gid keep theirs.
        _sorted.Clear();
        _sorted.AddRange(batch.Order(ByGid));
        var started = Stopwatch.GetTimestamp();
        var isSurprised = false;
        for (var tries = 1; ; tries++)
        {
            try
            {
                var connection = Open();
                if (isSurprised)
                {
                    CommitCarefully(connection, batch, results);
                }
                else
                {
                    dialect.CommitAll(connection, _sorted, _limits);
                    Array.Fill(results, WriteResult.Written);
                }

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
                    // Whoever it was that held the locks gets the time to let go of them.
                    Thread.Sleep(fault == ServerFault.Undone ? Math.Min(5 * tries, 100) : 0);
                }
                else if (fault == ServerFault.Refused)
                {
                    throw;
                }
                else
                {
                    throw new StoreUnavailableException($"{_where} could not commit: {e.Message}", e);
                }
            }
        }
    }

    /// <summary>Connects, so that a fault shows now.</summary>
    public DbConnection Open()
    {
        if (_connection is { State: ConnectionState.Open })
        {
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
            throw new StoreUnavailableException($"Cannot connect to {_where}: {e.Message}", e);
        }

        return _connection = connection;
    }

    public void Dispose() => Close();

    private void CommitCarefully(DbConnection connection, IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        var gids = new List<string>(_sorted.Count);
        foreach (var write in _sorted)
        {
            if (gids.Count == 0 || gids[^1] != write.Gid)
            {
                gids.Add(write.Gid);
            }
        }

        // Nobody changes these rows before the end; one that is not there yet may still appear, which is a surprise again.
        var versions = dialect.BeginAndLock(connection, gids, _limits);
        var winners = new List<EncodedWrite>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            var write = batch[i];
            var isWinner = versions.GetValueOrDefault(write.Gid) == write.ExpectedVersion;
            results[i] = isWinner ? WriteResult.Written : WriteResult.Conflict;
            if (isWinner)
            {
                versions[write.Gid] = write.Version;
                winners.Add(write);
            }
        }

        dialect.CommitLocked(connection, [.. winners.Order(ByGid)], _limits);
    }

    /// <summary>Undoes what was begun; a connection of which that is not certain is thrown away, and the server undoes it.</summary>
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
        catch (Exception e) when (e is DbException or IOException or InvalidOperationException)
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
        catch (Exception e) when (e is DbException or IOException)
        {
            // It was not to be used again anyway.
        }

        _connection = null;
    }
}
