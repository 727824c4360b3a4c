namespace OrleansDtm.Client;

/// <summary>The SQL dialect of a barrier.</summary>
public enum BarrierDialect
{
    /// <summary>MySQL, MariaDB and compatible databases. XA too.</summary>
    MySql,

    /// <summary>PostgreSQL. XA too, if max_prepared_transactions is above 0.</summary>
    PostgreSql,

    /// <summary>
    /// Microsoft SQL Server. The unique key of the table ignores duplicates (IGNORE_DUP_KEY), as in the script.
    /// </summary>
    SqlServer,

    /// <summary>SQLite 3.24 or later.</summary>
    Sqlite,
}
