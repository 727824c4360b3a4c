using System.Text.RegularExpressions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Sqlite;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>The indexes that a search reads, so that its cost does not grow with the table.</summary>
public sealed class SqliteTagPlanTests : IDisposable
{
    private readonly SqlitePlans _plans = new();

    public void Dispose() => _plans.Dispose();

    [Theory]
    [InlineData("order:1", false, "dtm_tag:tag=?")]
    [InlineData("order:1", true, "dtm_tag:tag=? AND transaction_id<?|dtm_transaction:id=? AND rowid=?")]
    [InlineData("order:1,shop:2", false, "dtm_tag:tag=?|x:transaction_id=? AND tag=?")]
    [InlineData("order:*,shop:2", false, "dtm_tag:tag=?|x:transaction_id=? AND tag>? AND tag<?")]
    public void A_tag_is_found_by_its_index_in_the_order_of_the_page(string tags, bool isFailed, string expected)
    {
        var plan = Plan(Filter(tags, isFailed), isMany: false);
        Assert.Equal(
            expected.Split('|'),
            plan.Where(static step => !step.StartsWith("CORRELATED", StringComparison.Ordinal)).Select(static step =>
            {
                var found = Regex.Match(step, @"^SEARCH (\w+) .*\((.*)\)");
                return found.Success ? $"{found.Groups[1]}:{found.Groups[2]}" : step;
            }));
    }

    [Fact]
    public void A_rare_prefix_is_found_by_its_index()
    {
        Assert.Contains(
            "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag>? AND tag<?)",
            Plan(Filter("order:4*"), isMany: false));
        Assert.Contains(
            "SEARCH dtm_transaction USING COVERING INDEX sqlite_autoindex_dtm_transaction_1 (gid>? AND gid<?)",
            Plan(new TransactionFilter { GidPrefix = "g" }, isMany: false));
    }

    [Fact]
    public void A_frequent_prefix_is_found_from_the_newest_on()
    {
        Assert.Equal(["SCAN dtm_tag"], Plan(Filter("order:4*"), isMany: true));
        Assert.Equal(["SCAN dtm_transaction"], Plan(new TransactionFilter { GidPrefix = "g" }, isMany: true));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("g", true)]
    [InlineData("order:*", true)]
    public void A_namespace_is_read_by_its_own_index_entries(string? search, bool isMany)
    {
        var isTag = search?.Contains(':', StringComparison.Ordinal) == true;
        var filter = isTag ? Filter(search!) : new TransactionFilter { GidPrefix = search };
        var plan = Plan(filter with { Namespace = "shop" }, isMany);
        Assert.Equal("SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag=?)", plan[0]);
        Assert.DoesNotContain(plan, static step => step.StartsWith("SCAN", StringComparison.Ordinal));
    }

    [Fact]
    public void The_default_namespace_is_read_as_all()
    {
        foreach (var filter in new[] { new TransactionFilter(), new TransactionFilter { GidPrefix = "g" } })
        {
            Assert.Equal(Plan(filter, isMany: false), Plan(filter with { Namespace = "" }, isMany: false));
        }
    }

    [Fact]
    public void Only_a_prefix_or_one_of_several_conditions_is_counted_first()
    {
        Assert.Empty(new PageQuery(new SqliteDialect(), Filter("order:1")).Bounds);
        Assert.Empty(new PageQuery(new SqliteDialect(), new TransactionFilter { Gid = "g", GidPrefix = "g" }).Bounds);
        var query = new PageQuery(new SqliteDialect(), Filter("order:1,shop:*") with { GidPrefix = "g" });
        foreach (var bound in query.Bounds)
        {
            var (sql, parameters) = query.Probe(bound);
            var plan = _plans.Explain(sql, parameters);
            Assert.Contains("SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag=?)", plan);
            Assert.Contains("SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag>? AND tag<?)", plan);
            Assert.Contains(
                "SEARCH dtm_transaction USING COVERING INDEX sqlite_autoindex_dtm_transaction_1 (gid>? AND gid<?)",
                plan);
            Assert.DoesNotContain(plan, static step => step.StartsWith("SCAN dtm", StringComparison.Ordinal));
        }
    }

    /// <summary>A search that reads the frequent one tests each of its rows: a million take a second.</summary>
    [Theory]
    [InlineData("order:1,shop:2", "", "9,5", "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag=?)", "shop:2")]
    [InlineData("order:1,shop:2", "", "5,9", "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag=?)", "order:1")]
    [InlineData("order:1,shop:*", "", "9,5", "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag>? AND tag<?)", "")]
    [InlineData("order:1,shop:*", "", "5,9", "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag=?)", "order:1")]
    [InlineData(
        "order:1",
        "g",
        "9,5",
        "SEARCH dtm_transaction USING COVERING INDEX sqlite_autoindex_dtm_transaction_1 (gid>? AND gid<?)",
        "")]
    public void The_rows_are_read_by_what_the_fewest_match(
        string tags, string gidPrefix, string counts, string step, string exact)
    {
        var filter = Filter(tags) with { GidPrefix = gidPrefix.Length > 0 ? gidPrefix : null };
        var query = new PageQuery(new SqliteDialect(), filter);
        long[] counted = [.. counts.Split(',').Select(long.Parse)];
        Assert.True(query.Choose(query.Bounds[0], counted));
        var (sql, parameters) = query.Ids();
        Assert.Contains(step, _plans.Explain(sql, parameters));
        Assert.Equal(exact.Length > 0 ? exact : null, parameters.FirstOrDefault(static p => p.Name == "@tag").Value);

        Assert.False(query.Choose(query.Bounds[1], [.. counted.Select(_ => query.Bounds[1] + 1L)]));
        Assert.Equal("order:1", query.Ids().Parameters.FirstOrDefault(static p => p.Name == "@tag").Value);
    }

    private static TransactionFilter Filter(string tags, bool isFailed = false) => new()
    {
        Tags = OrleansDtm.Grains.Service.TagRules.Parse(tags),
        Status = isFailed ? TransactionStatus.Failed : TransactionStatus.None,
        BeforeId = isFailed ? 99 : 0,
    };

    private List<string> Plan(TransactionFilter filter, bool isMany)
    {
        var query = new PageQuery(new SqliteDialect(), filter);
        if (isMany)
        {
            Assert.False(query.Choose(query.Bounds[^1], [query.Bounds[^1] + 1]));
        }

        var (sql, parameters) = query.Ids();
        return _plans.Explain(sql, parameters);
    }
}
