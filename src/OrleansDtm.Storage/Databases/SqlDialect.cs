using System.Data.Common;
using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Storage.Databases;

/// <summary>
/// How the queries of a store differ between databases. What stands here serves SQLite and PostgreSQL.
/// </summary>
internal abstract class SqlDialect
{
    /// <summary>
    /// Counts by type and status: type, status, count, number due before <c>@before</c>. A pair may have several rows.
    /// </summary>
    public abstract string CountUnfinished { get; }

    /// <summary>Rows due behind (<c>@due</c>, <c>@id</c>) and not after <c>@now</c>.</summary>
    public virtual string FindDue =>
        """
        select id, gid, due from dtm_transaction
        where due <= @now and (due, id) > (@due, @id) order by due, id limit @limit
        """;

    /// <summary>
    /// Rows behind <c>@id</c> with calls of <c>@owner</c>, or of all other owners. A call in flight has a due time,
    /// the end of its lease; a row without one only keeps the name of its last owner.
    /// </summary>
    public virtual string FindInterrupted(bool others) =>
        $"""
        select id, gid, due from dtm_transaction
        where due is not null and owner <> 0 and owner {(others ? "<>" : "=")} @owner and id > @id
        order by id limit @limit
        """;

    /// <summary>
    /// Unfinished rows due after <c>@after</c> with their progress, the latest first, behind (<c>@due</c>, <c>@id</c>).
    /// </summary>
    public virtual string FindWaiting =>
        """
        select id, gid, due, progress from dtm_transaction
        where due > @after and (due, id) < (@due, @id) and status not in ('succeed', 'failed')
        order by due desc, id desc limit @limit
        """;

    /// <summary>Finds failed transactions by their index.</summary>
    public virtual string IsFailed => "status = 'failed'";

    /// <summary>Finds all unfinished transactions by an index.</summary>
    public virtual string IsAnyUnfinished => "status not in ('succeed', 'failed')";

    /// <summary>
    /// dtm_transaction, read by the index of unfinished transactions: a walk through the table would read all that have
    /// ended, too.
    /// </summary>
    public virtual string ByUnfinished => "dtm_transaction";

    /// <summary>dtm_transaction, read by the index of due times.</summary>
    public virtual string ByDue => "dtm_transaction";

    /// <summary>Finds the transactions of an unfinished status by the index; <c>@status</c> is the status.</summary>
    public virtual string IsOpen(TransactionStatus status) => $"status = @status and {IsAnyUnfinished}";

    /// <summary>
    /// Finds unfinished transactions of one type and status by an index; <c>@state</c> is "type status".
    /// </summary>
    public virtual string IsUnfinished => IsAnyUnfinished;

    /// <summary>
    /// Finds <c>@parked</c> in the progress. An unfinished transaction has it if and only if a call is put aside: in
    /// texts the quotes are escaped.
    /// </summary>
    public virtual string HasParkedCall => "instr(progress, @parked) > 0";

    /// <summary>A join that reads the rows on its left first, and then their transactions by the primary key.</summary>
    /// <param name="id">The column on the left.</param>
    /// <param name="name">The name of the transactions' table in the query.</param>
    public abstract string JoinTransactions(string id, string name = "dtm_transaction");

    /// <summary>A column that the database cannot look up in an index, to test it row by row.</summary>
    public virtual string Unindexed(string column) => $"({column} || '')";

    /// <summary>A table whose rows are read in the order of its primary key.</summary>
    public virtual string Walked(string table) => table;

    /// <summary>Inserts into dtm_kv. If the item exists it changes no row, or fails with a duplicate key.</summary>
    public virtual string InsertKeyValue =>
        """
        insert into dtm_kv (cat, k, v, version, created, updated) values (@category, @key, @value, 1, @now, @now)
        on conflict (cat, k) do nothing
        """;

    /// <summary>Selects the milliseconds since 1970 UTC; null = the database has no clock of its own.</summary>
    public virtual string? Clock => null;

    /// <summary>A gid, category or key as a parameter.</summary>
    public virtual object Key(string text) => text;

    /// <summary>A gid, category or key from a column.</summary>
    public virtual string ReadKey(DbDataReader reader, int column) => reader.GetString(column);

    /// <summary>The value of a key-value item as a parameter.</summary>
    public virtual object Value(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The value of a key-value item from a column.</summary>
    public virtual string ReadValue(DbDataReader reader, int column) =>
        Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(column));
}
