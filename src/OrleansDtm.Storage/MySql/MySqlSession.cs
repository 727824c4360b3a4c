using MySqlConnector;

namespace OrleansDtm.Storage.MySql;

/// <summary>
/// What every connection of ours to MySQL or MariaDB relies on. It is stated once, when the connection is opened, because a server can be
/// set up so that sessions begin otherwise: without autocommit, say, or with double quotes around names.
/// </summary>
internal static class MySqlSession
{
    /// <summary>
    /// One command. Read committed: a reader sees the last commit, a writer locks no gaps. Strict: refused rather than cut off. What else a
    /// server may have changed for its sessions would leave rows out, refuse a delete, or let a duplicate in.
    /// </summary>
    public const string Statement =
        "set session transaction isolation level read committed; "
        + "set session autocommit = 1, session sql_mode = 'STRICT_ALL_TABLES', session sql_safe_updates = 0, session unique_checks = 1, "
        + "session sql_select_limit = 18446744073709551615, session completion_type = 0";

    /// <summary>Connections that have been told.</summary>
    public static MySqlDataSource Source(MySqlConnectionStringBuilder builder) =>
        new MySqlDataSourceBuilder(builder.ConnectionString).UseConnectionOpenedCallback(State).Build();

    private static async ValueTask State(MySqlConnectionOpenedContext context, CancellationToken cancellationToken)
    {
        if (context.Conditions == MySqlConnectionOpenedConditions.None)
        {
            return; // Of a pool that does not reset its connections: it was told when it was new.
        }

        try
        {
            var command = new MySqlCommand(Statement, context.Connection);
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            // It must not come out of the pool again as one that was told.
            await MySqlConnection.ClearPoolAsync(context.Connection, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
