using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Databases;
using OrleansDtm.Storage.Sqlite;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>The indexes that a search reads, so that its cost does not grow with the table.</summary>
public sealed class SqliteTagPlanTests : IDisposable
{
    private readonly SqliteConnection _database = new("Data Source=:memory:");

    public SqliteTagPlanTests()
    {
        _database.Open();
        foreach (var script in SchemaScripts.For("sqlite"))
        {
            using var command = _database.CreateCommand();
            command.CommandText = script.Sql;
            command.ExecuteNonQuery();
        }
    }

    public void Dispose() => _database.Dispose();

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
    public void Only_a_prefix_is_counted_first()
    {
        Assert.Null(new PageQuery(new SqliteDialect(), Filter("order:1,shop:*")).Probe());
        Assert.Null(new PageQuery(new SqliteDialect(), new TransactionFilter { Gid = "g", GidPrefix = "g" }).Probe());
        var probe = new PageQuery(new SqliteDialect(), Filter("order:*")).Probe()!.Value;
        Assert.Contains(
            "SEARCH dtm_tag USING COVERING INDEX dtm_tag_tag (tag>? AND tag<?)", Explain(probe.Sql, probe.Parameters));
    }

    private static TransactionFilter Filter(string tags, bool isFailed = false) => new()
    {
        Tags = OrleansDtm.Grains.Service.TagRules.Parse(tags),
        Status = isFailed ? TransactionStatus.Failed : TransactionStatus.None,
        BeforeId = isFailed ? 99 : 0,
    };

    private List<string> Plan(TransactionFilter filter, bool isMany)
    {
        var (sql, parameters) = new PageQuery(new SqliteDialect(), filter).Ids(isMany);
        return Explain(sql, parameters);
    }

    private List<string> Explain(string sql, (string Name, object Value)[] parameters)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "explain query plan " + sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        using var reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add(reader.GetString(3));
        }

        return steps;
    }
}
