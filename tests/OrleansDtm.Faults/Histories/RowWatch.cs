using System.Data.Common;
using System.Text;
using MySqlConnector;
using Npgsql;

namespace OrleansDtm.Faults.Histories;

/// <summary>
/// Polls the rows of the database and records their changes. Its connection does not pass a proxy. It does not see
/// changes between two polls.
/// </summary>
/// <param name="address">Returns the connection string of the database that is in use.</param>
/// <param name="history">Gets the changes.</param>
internal sealed class RowWatch(Func<string> address, History history)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// The time for which ended transactions are polled. Older ones are read once more at the end of the run.
    /// </summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (Seen Row, TimeSpan At)> _rows = new(StringComparer.Ordinal);
    private long _from;

    public int Rows => _rows.Count;

    public int Unfinished { get; private set; }

    /// <summary>Polls until it is cancelled.</summary>
    public async Task Run(CancellationToken end)
    {
        using var timer = new PeriodicTimer(Pace);
        try
        {
            do
            {
                try
                {
                    await Look(_from, end);
                }
                catch (Exception e) when (e is DbException or TimeoutException)
                {
                    // The database is down; faults do that.
                }
            }
            while (await timer.WaitForNextTickAsync(end));
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>Reads all rows once.</summary>
    public Task LookAtAll() => Look(0, CancellationToken.None);

    private async Task Look(long from, CancellationToken end)
    {
        var connectionString = address();
        await using DbConnection connection = connectionString.Contains("Host=", StringComparison.Ordinal)
            ? new NpgsqlConnection(connectionString + ";Timeout=3;Command Timeout=3")
            : new MySqlConnection(connectionString + ";ConnectionTimeout=3;DefaultCommandTimeout=3");
        await connection.OpenAsync(end);
        await using var command = connection.CreateCommand();
        command.CommandText =
            $"select id, gid, status, version, finished from dtm_transaction where id >= {from} order by id";
        command.CommandTimeout = from == 0 ? 60 : 3;
        await using var reader = await command.ExecuteReaderAsync(end);
        var (next, unfinished, last) = (long.MaxValue, 0, from);
        while (await reader.ReadAsync(end))
        {
            var gid = reader[1] is byte[] bytes ? Encoding.UTF8.GetString(bytes) : (string)reader[1];
            var row = new Seen(reader.GetString(2), reader.GetInt64(3), reader.IsDBNull(4) ? null : reader.GetInt64(4));
            var isNew = !_rows.TryGetValue(gid, out var known) || known.Row != row;
            if (isNew)
            {
                history.Add(gid, row);
                _rows[gid] = known = (row, history.Now);
            }

            last = reader.GetInt64(0);
            unfinished += row.Finished is null ? 1 : 0;
            if (row.Finished is null || history.Now - known.At < Memory)
            {
                next = Math.Min(next, last);
            }
        }

        (_from, Unfinished) = (next == long.MaxValue ? last : next, unfinished);
    }
}
