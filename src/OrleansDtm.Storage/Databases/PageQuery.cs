using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Storage.Databases;

/// <summary>
/// Builds the query for the ids of a page. A search for tags or a gid's prefix reads the index of one of them, the
/// newest first, and tests the others for each row. <see cref="Probe"/> and <see cref="Choose"/> find the one that the
/// fewest rows match. A prefix has two ways: if few rows match, all of them are read by the index and sorted; otherwise
/// rows are read from the newest on until enough match.
/// </summary>
internal sealed class PageQuery
{
    /// <summary>At most so many matching rows are read by the index and sorted.</summary>
    private const int FewMax = 20_000;

    /// <summary>The first count ends here: so few rows are the best choice, however many match others.</summary>
    private const int VeryFewMax = 1000;

    /// <summary>A page ends after so many rows of the chosen index or table were read.</summary>
    private const int WalkedMax = 20_000;

    /// <summary>The same if each row of dtm_transaction is read, too.</summary>
    private const int JoinedMax = 5000;

    private readonly SqlDialect _sql;
    private readonly TransactionFilter _filter;

    private readonly TagFilter[] _tags;

    /// <summary>The tag of all transactions of the namespace; null = the default one.</summary>
    private readonly TagFilter? _space;

    /// <summary>What an index can select the rows by; null is the gid's prefix. Exact tags are first.</summary>
    private readonly TagFilter?[] _choices;
    private readonly StringBuilder _where = new();
    private readonly List<(string Name, object Value)> _parameters = [];

    /// <summary>The tag that selects the rows; null = the gid's prefix, or none.</summary>
    private TagFilter? _driver;
    private bool _isByGidPrefix;

    /// <summary>More rows match the chosen prefix than the index shall read.</summary>
    private bool _isMany;

    /// <summary>True = the smallest ids first; the filter's BeforeId is 0 then.</summary>
    public bool OldestFirst { get; init; }

    private string Order => OldestFirst ? "asc" : "desc";

    public PageQuery(SqlDialect sql, TransactionFilter filter)
    {
        (_sql, _filter) = (sql, filter);
        _tags =
        [
            .. filter.Tags.Select(tag => tag with { Text = Namespaces.Qualify(filter.Namespace ?? "", tag.Text) }),
        ];
        _space = filter is { Gid: null, Namespace.Length: > 0 }
            ? new TagFilter(Namespaces.Qualify(filter.Namespace, ""), IsPrefix: false)
            : null;
        _choices = filter.Gid is not null ? []
            : _tags.Length == 0 && filter.GidPrefix is null ? _space is null ? [] : [_space]
            :
            [
                .. _tags.OrderBy(static t => t.IsPrefix),
                .. filter.GidPrefix is null ? (TagFilter?[])[] : [null],
            ];
        Drive(0);
    }

    /// <summary>The counts that <see cref="Choose"/> needs; 0 = none, it is not called.</summary>
    public IReadOnlyList<int> Bounds => _choices switch
    {
        [] or [{ IsPrefix: false }] => [],
        [_] => [FewMax],
        _ => [VeryFewMax, FewMax],
    };

    /// <summary>The table of the ids, as the other conditions name it.</summary>
    private string Id => _driver is null ? "dtm_transaction.id" : "dtm_tag.transaction_id";

    /// <summary>A query of one row: how many rows match each choice, counted up to one more than the bound.</summary>
    public (string Sql, (string Name, object Value)[] Parameters) Probe(int bound)
    {
        _parameters.Clear();
        var counts = _choices.Select((tag, i) =>
        {
            var (table, column) = tag is null ? ("dtm_transaction", "gid") : ("dtm_tag", "tag");
            var condition = tag is { IsPrefix: false }
                ? $"{column} = @c{i}"
                : Range(column, $"@c{i}", $"@e{i}", tag?.Text ?? _filter.StoredPrefix!);
            if (tag is { IsPrefix: false })
            {
                _parameters.Add(($"@c{i}", _sql.Key(tag.Text)));
            }

            return $"(select count(*) from (select 1 as x from {table} where {condition} limit {bound + 1}) m{i})";
        }).ToList();
        return ($"select {string.Join(", ", counts)}", [.. _parameters]);
    }

    /// <summary>Chooses what the fewest rows match; if all match many, the first exact tag.</summary>
    /// <param name="bound">The bound of the counts.</param>
    /// <param name="counts">The row of <see cref="Probe"/>.</param>
    /// <returns>False = all match more rows than the bound.</returns>
    public bool Choose(int bound, IReadOnlyList<long> counts)
    {
        var best = Enumerable.Range(0, counts.Count).MinBy(i => counts[i]);
        Drive(best);
        _isMany = counts[best] > bound && _driver is not { IsPrefix: false };
        if (_isMany && _space is not null)
        {
            // Not through the rows of other namespaces.
            (_driver, _isByGidPrefix, _isMany) = (_space, false, false);
        }

        return counts[best] <= bound;
    }

    private void Drive(int choice)
    {
        _driver = choice < _choices.Length ? _choices[choice] : null;
        _isByGidPrefix = choice < _choices.Length && _driver is null;
    }

    /// <summary>
    /// A query for the id at which a search ends that reads many rows to find few; it has no row if fewer are left.
    /// Null = the search has no such end.
    /// </summary>
    public (string Sql, (string Name, object Value)[] Parameters)? Floor()
    {
        var hasOthers = _tags.Length > 1 || (_tags.Length > 0 && _driver == _space) || HasColumns();
        var isExact = _driver is { IsPrefix: false } && hasOthers;
        if (!isExact && !_isMany)
        {
            return null;
        }

        _parameters.Clear();
        _where.Clear();
        AddBefore();
        if (isExact)
        {
            Add("tag = @tag", "@tag", _sql.Key(_driver!.Text));
        }

        var (table, id) = _driver is null ? ("dtm_transaction", "id") : ("dtm_tag", "transaction_id");
        var skip = _driver is not null && HasColumns() ? JoinedMax : WalkedMax;
        return (
            $"select {id} from {(isExact ? table : _sql.Walked(table))} where 1 = 1{_where} "
            + $"order by {id} {Order} limit 1 offset {skip}",
            [.. _parameters]);
    }

    /// <summary>
    /// A query for the id at which a walk through the whole table ends; it has no row if fewer are left.
    /// </summary>
    public string TableFloor() =>
        $"select id from {_sql.Walked("dtm_transaction")} order by id desc limit 1 offset {WalkedMax}";

    /// <summary>True = a tag, a gid or a gid's prefix selects the rows; false = other conditions, or none.</summary>
    public bool HasKey => _driver is not null || _isByGidPrefix || _filter.Gid is not null;

    /// <summary>The number of the first @limit matching rows, by status.</summary>
    /// <param name="floor">Only ids from this one on; 0 = all.</param>
    /// <param name="visible">A condition of <c>t</c>, starting with where; empty = all.</param>
    public (string Sql, (string Name, object Value)[] Parameters) Count(long floor, string visible)
    {
        var (ids, parameters) = Ids(floor);
        return (
            $"select t.status, count(*) from ({ids}) w {_sql.JoinTransactions("w.id", "t")} {visible} "
            + "group by t.status",
            parameters);
    }

    /// <summary>A select of at most @limit ids as column id, the greatest first.</summary>
    /// <param name="floor">Only ids from this one on, or with <see cref="OldestFirst"/> up to it; 0 = all.</param>
    public (string Sql, (string Name, object Value)[] Parameters) Ids(long floor = 0)
    {
        _parameters.Clear();
        _where.Clear();
        _parameters.Add(("@limit", _filter.Limit));
        AddBefore();
        if (floor > 0)
        {
            Add($"{Id} {(OldestFirst ? "<=" : ">=")} @floor", "@floor", floor);
        }

        var before = _where.ToString();
        var source = Source(before);
        AddColumns();
        AddTags();
        var join = _driver is not null && HasColumns()
            ? $" {_sql.JoinTransactions(Id)}"
            : "";
        return (
            $"select {Id} as id from {source}{join} where 1 = 1{_where} order by {Id} {Order} limit @limit",
            [.. _parameters]);
    }

    /// <summary>
    /// Looks at the first @limit rows of the listing, whatever their namespace: their number, the smallest id, and the
    /// greatest id of the default namespace (null = none).
    /// </summary>
    public (string Sql, (string Name, object Value)[] Parameters) FirstDefault()
    {
        var (ids, parameters) = Ids();
        return (
            $"select count(*), min(w.id), max(case when {IsDefault("t.gid")} then w.id end) from ({ids}) w "
            + _sql.JoinTransactions("w.id", "t"),
            parameters);
    }

    /// <summary>The condition of the default namespace; the others are from @other_from to @other_to.</summary>
    public static string IsDefault(string column) => $"({column} < @other_from or {column} >= @other_to)";

    /// <summary>
    /// The table or subquery that the rows come from, and its condition. What is put aside is seen in the row only:
    /// from the newest row on, a page is soon full; by the index all unfinished rows would be read for it.
    /// </summary>
    private string Source(string before)
    {
        if (_driver is { IsPrefix: false })
        {
            Add("tag = @tag", "@tag", _sql.Key(_driver.Text));
            return "dtm_tag";
        }

        if (_driver is null && !_isByGidPrefix)
        {
            return _filter.Gid is not null ? "dtm_transaction"
                : _filter.DueBefore is not null ? _sql.ByDue
                : !_filter.Parked && (_filter.IsUnfinished || IsOpen(_filter.Status)) ? _sql.ByUnfinished
                : "dtm_transaction";
        }

        var (table, column, prefix) = _driver is null
            ? ("dtm_transaction", "gid", _filter.StoredPrefix!)
            : ("dtm_tag", "tag", _driver.Text);
        if (_isMany)
        {
            _where.Append(" and ").Append(Range(_sql.Unindexed(column), $"@{column}_from", $"@{column}_to", prefix));
            return _sql.Walked(table);
        }

        // The limit keeps the databases from merging the subquery, so that they read the index of the prefix.
        var id = _driver is null ? "id" : "transaction_id";
        var range = Range(column, $"@{column}_from", $"@{column}_to", prefix);
        var rows = $"(select {id} from {table} where {range}{before} limit {2 * FewMax})";
        return _driver is null
            ? $"{rows} m {_sql.JoinTransactions("m.id")}"
            : $"{rows} dtm_tag";
    }

    private void AddBefore()
    {
        if (_filter.BeforeId > 0)
        {
            Add($"{Id} < @before", "@before", _filter.BeforeId);
        }
    }

    private bool HasColumns() => _filter is not
    {
        GidPrefix: null,
        Type: TransactionType.None,
        Status: TransactionStatus.None,
        IsUnfinished: false,
        Parked: false,
        CreatedFrom: null,
        CreatedTo: null,
        DueBefore: null,
    };

    private void AddColumns()
    {
        if (_filter.Gid is { } gid)
        {
            Add("gid = @gid", "@gid", _sql.Key(gid));
        }

        if (_filter.StoredPrefix is { } prefix && !_isByGidPrefix)
        {
            _where.Append(" and ").Append(Range(_sql.Unindexed("gid"), "@gid_from", "@gid_to", prefix));
        }

        if (_filter.Type != TransactionType.None)
        {
            Add("type = @type", "@type", Names.Of(_filter.Type));
        }

        if (_filter.CreatedFrom is { } from)
        {
            Add("created >= @from", "@from", DatabaseTransactionStore.CeilingMilliseconds(from));
        }

        if (_filter.CreatedTo is { } to)
        {
            Add("created <= @to", "@to", to.ToUnixTimeMilliseconds());
        }

        if (_filter.DueBefore is { } due)
        {
            Add("due < @due", "@due", DatabaseTransactionStore.CeilingMilliseconds(due));
        }

        AddStatus();
    }

    private void AddStatus()
    {
        if (_filter.Parked)
        {
            Add(_sql.HasParkedCall, "@parked", ProgressWriter.ParkedCall.ToArray());
        }

        if (_filter.IsUnfinished || _filter.Parked)
        {
            _where.Append(" and ").Append(_sql.IsAnyUnfinished);
        }

        if (_filter.Status == TransactionStatus.Failed)
        {
            _where.Append(" and ").Append(_sql.IsFailed);
        }
        else if (IsOpen(_filter.Status) && _filter.Type == TransactionType.None)
        {
            Add(_sql.IsOpen(_filter.Status), "@status", Names.Of(_filter.Status));
        }
        else if (_filter.Status != TransactionStatus.None)
        {
            Add("status = @status", "@status", Names.Of(_filter.Status));
        }

        if (_filter.Type != TransactionType.None && IsOpen(_filter.Status))
        {
            // Redundant, but it lets the database use the index of unfinished transactions.
            Add(_sql.IsUnfinished, "@state", $"{Names.Of(_filter.Type)} {Names.Of(_filter.Status)}");
        }
    }

    private static bool IsOpen(TransactionStatus status) =>
        status is TransactionStatus.Prepared or TransactionStatus.Submitted or TransactionStatus.Aborting;

    /// <summary>The other tags, tested by the key of the table for each row.</summary>
    private void AddTags()
    {
        var number = 0;
        foreach (var tag in _tags)
        {
            if (ReferenceEquals(tag, _driver))
            {
                continue;
            }

            number++;
            var condition = tag.IsPrefix
                ? Range("x.tag", $"@from{number}", $"@to{number}", tag.Text)
                : $"x.tag = @tag{number}";
            if (!tag.IsPrefix)
            {
                _parameters.Add(($"@tag{number}", _sql.Key(tag.Text)));
            }

            _where.Append(" and exists (select 1 from dtm_tag x where x.transaction_id = ").Append(Id)
                .Append(" and ").Append(condition).Append(')');
        }
    }

    private void Add(string condition, string name, object value)
    {
        _where.Append(" and ").Append(condition);
        _parameters.Add((name, value));
    }

    /// <summary>A condition for a prefix; adds its parameters.</summary>
    private string Range(string column, string from, string to, string prefix)
    {
        _parameters.Add((from, _sql.Key(prefix)));
        if (TextRange.After(prefix) is not { } end)
        {
            return $"{column} >= {from}";
        }

        _parameters.Add((to, _sql.Key(end)));
        return $"{column} >= {from} and {column} < {to}";
    }
}
