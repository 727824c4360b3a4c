using MySqlConnector;

namespace OrleansDtm.Storage.MySql;

/// <summary>
/// The session settings that all connections to MySQL or MariaDB rely on. They are set when a connection is opened,
/// because a server may have other defaults, such as no autocommit or ANSI quotes.
/// </summary>
internal static class MySqlSession
{
    /// <summary>
    /// One command. Read committed: a reader sees the last commit, a writer locks no gaps. Strict: an error instead of
    /// truncation. Other defaults of the rest could omit rows, refuse a delete, or allow duplicates.
    /// </summary>
    public const string Statement =
        "set session transaction isolation level read committed; "
        + "set session autocommit = 1, session sql_mode = 'STRICT_ALL_TABLES', session sql_safe_updates = 0, session "
        + "unique_checks = 1, "
        + "session sql_select_limit = 18446744073709551615, session completion_type = 0";

    /// <summary>Connections with these settings.</summary>
    public static MySqlDataSource Source(MySqlConnectionStringBuilder builder) =>
        new MySqlDataSourceBuilder(builder.ConnectionString).UseConnectionOpenedCallback(State).Build();

    private static async ValueTask State(MySqlConnectionOpenedContext context, CancellationToken cancellationToken)
    {
        if (context.Conditions == MySqlConnectionOpenedConditions.None)
        {
            return; // From a pool that does not reset its connections: the settings are still there.
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
            // The pool must not return it as if it had the settings.
            await MySqlConnection.ClearPoolAsync(context.Connection, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
