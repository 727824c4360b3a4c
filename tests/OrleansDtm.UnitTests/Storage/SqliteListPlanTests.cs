using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Sqlite;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>Pages, counts and orders of unfinished transactions do not read what has ended.</summary>
public sealed class SqliteListPlanTests : IDisposable
{
    private readonly SqlitePlans _plans = new();

    public static TheoryData<string, TransactionFilter> Unfinished => new()
    {
        { "dtm_transaction_unfinished", new TransactionFilter { IsUnfinished = true } },
        { "dtm_transaction_unfinished", new TransactionFilter { Status = TransactionStatus.Aborting } },
        {
            "dtm_transaction_unfinished",
            new TransactionFilter { IsUnfinished = true, Status = TransactionStatus.Prepared, BeforeId = 9 }
        },
        {
            "dtm_transaction_unfinished",
            new TransactionFilter { Type = TransactionType.Msg, Status = TransactionStatus.Submitted }
        },
        {
            "dtm_transaction_due",
            new TransactionFilter { IsUnfinished = true, DueBefore = DateTimeOffset.UnixEpoch.AddDays(1) }
        },
        { "dtm_transaction_failed", new TransactionFilter { Status = TransactionStatus.Failed } },
    };

    public void Dispose() => _plans.Dispose();

    [Theory]
    [MemberData(nameof(Unfinished), DisableDiscoveryEnumeration = true)]
    public void Unfinished_and_failed_ones_are_found_by_their_index(string index, TransactionFilter filter)
    {
        foreach (var oldestFirst in new[] { false, true })
        {
            var query = new PageQuery(new SqliteDialect(), filter) { OldestFirst = oldestFirst };
            var ids = query.Ids();
            Assert.Contains(
                _plans.Explain(ids.Sql, ids.Parameters), step => step.Contains(index, StringComparison.Ordinal));
            var count = query.Count(0, "");
            var plan = _plans.Explain(count.Sql, count.Parameters);
            Assert.Contains(plan, step => step.Contains(index, StringComparison.Ordinal));
            Assert.DoesNotContain("SCAN dtm_transaction", plan);
            Assert.DoesNotContain("SCAN t", plan);
        }
    }

    [Fact]
    public void The_count_of_those_that_succeeded_ends_at_its_floor()
    {
        var query = new PageQuery(
            new SqliteDialect(), new TransactionFilter { Status = TransactionStatus.Succeed });
        Assert.Contains("offset 20000", query.TableFloor(), StringComparison.Ordinal);
        var (sql, parameters) = query.Count(7, "");
        Assert.Contains(
            "SEARCH dtm_transaction USING INTEGER PRIMARY KEY (rowid>?)", _plans.Explain(sql, parameters));
    }
}
