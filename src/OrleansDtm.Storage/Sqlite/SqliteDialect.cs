using System.Data.Common;
using OrleansDtm.Storage.Databases;

namespace OrleansDtm.Storage.Sqlite;

internal sealed class SqliteDialect : SqlDialect
{
    /// <summary>Each count reads an index and no row.</summary>
    public override string CountUnfinished =>
        """
        select a.type, a.status, a.n, coalesce(o.n, 0) from
            (select type, status, count(*) n from dtm_transaction
             where status not in ('succeed', 'failed') group by type, status) a
        left join
            (select type, status, count(*) n from dtm_transaction indexed by dtm_transaction_due
             where due < @before and status not in ('succeed', 'failed') group by type, status) o
        on o.type = a.type and o.status = a.status
        """;

    public override string ByUnfinished => "dtm_transaction indexed by dtm_transaction_unfinished";

    public override string ByDue => "dtm_transaction indexed by dtm_transaction_due";

    public override string JoinTransactions(string id, string name = "dtm_transaction") =>
        $"cross join dtm_transaction {name} on {name}.id = {id}";

    public override object Value(string text) => text;

    public override string ReadValue(DbDataReader reader, int column) => reader.GetString(column);
}
