using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

public sealed class SqliteTransactionStoreTests : TransactionStoreConformance
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orleansdtm-").FullName;

    private string DatabasePath => Path.Combine(_directory, "made", "on demand", "dtm.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Reopened_HasEverything()
    {
        var state = StoredSamples.Rich("kept");
        await Write(StoredSamples.Insert(state, 3));
        var appended = StoredSamples.Update(
            state, static t => t with
            {
                Branches = [.. t.Branches, new BranchOp { Definition = StoredSamples.Call("03", "action") }],
            }, owner: 4);
        await Write(appended);
        var before = await Store.Load("kept", Token);

        await Reopen();
        var after = await Store.Load("kept", Token);
        Assert.Equal((before!.Id, 4), (after!.Id, after.Owner));
        Assert.Equal(StoredSamples.Describe(appended.Next), StoredSamples.Describe(after.Transaction));
        Assert.Equal(
            ["kept"], (await Store.FindInterrupted(StoredSamples.Self, true, 0, 10, Token)).Select(static d => d.Gid));
        Assert.Equal(WriteResult.Conflict, await Write(StoredSamples.Insert(state)));
    }

    [Fact]
    public async Task Retention_LeavesNoTagBehind()
    {
        var state = StoredSamples.Rich("old");
        await Write(StoredSamples.Insert(state with { Finished = null, Notice = null }));
        Assert.Equal(2L, Execute("select count(*) from dtm_tag"));
        await Write(StoredSamples.Update(
            state, static t => StoredSamples.Finish(t with { Notice = null, Query = null })));
        Assert.Equal(1, (await Store.DeleteFinished(state.Updated.AddDays(1), 0, 10, Token)).Deleted);
        Assert.Equal(0L, Execute("select count(*) from dtm_tag"));
    }

    /// <summary>An earlier version knows no tags, and deletes only the rest of a transaction.</summary>
    [Fact]
    public async Task Retention_DeletesTheTagsThatAnEarlierVersionLeftBehind()
    {
        var kept = StoredSamples.Rich("kept");
        await Write(StoredSamples.Insert(kept with { Finished = null, Notice = null }));
        var id = (await Store.Load("kept", Token))!.Id;
        Execute($"update dtm_transaction set id = 600 where id = {id}");
        Execute($"update dtm_body set transaction_id = 600 where transaction_id = {id}");
        Execute($"update dtm_tag set transaction_id = 600 where transaction_id = {id}");
        Execute(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200) "
            + "insert into dtm_tag select i, t from n, (select 'a:1' as t union select 'b:2') where i <> 600");

        var (after, slices) = (0L, 0);
        do
        {
            var slice = await Store.DeleteFinished(StoredSamples.Start.AddDays(1), after, 10, Token);
            Assert.Equal(0, slice.Deleted);
            Assert.True(slice.LastId == 0 || slice.LastId > after);
            (after, slices) = (slice.LastId, slices + 1);
        }
        while (after > 0);

        Assert.Equal("600|2", Execute("select group_concat(distinct transaction_id) || '|' || count(*) from dtm_tag"));
        Assert.InRange(slices, 3, 5);
    }

    /// <summary>Its matches are older than many others: one query would read the index for seconds.</summary>
    [Theory]
    [InlineData("p:", true, TransactionType.None, 3)]
    [InlineData("c:1", false, TransactionType.Saga, 12)]
    public async Task ASearchThatReadsMuchToFindLittle_EndsEarlyAndGoesOn(
        string tag, bool isPrefix, TransactionType type, int pages)
    {
        var old = StoredSamples.Plain("old");
        var tags = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty
            .Add("p", "1").Add("c", "1");
        await Write(StoredSamples.Insert(old with { Definition = old.Definition with { Tags = tags } }));
        Execute(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) insert into dtm_tag "
            + "select i + 10, 'c:1' from n union all select -i, 'p:' || i from n where i < 25000");
        var filter = new TransactionFilter { Tags = [new TagFilter(tag, isPrefix)], Type = type, Limit = 10 };

        Assert.Equal("old", Assert.Single(await Store.List(filter, Token)).Transaction.Definition.Gid);
        var (found, read, position) = (new List<string>(), 0, (IReadOnlyList<long>?)[0]);
        while (position is not null)
        {
            var page = await TransactionListing.Read([Store], filter, position, Token);
            Assert.True(page.Next is null || position[0] == 0 || page.Next[0] < position[0]);
            found.AddRange(page.Rows.Select(static r => r.Transaction.Definition.Gid));
            (read, position) = (read + 1, page.Next);
        }

        Assert.Equal(["old"], found);
        Assert.InRange(read, pages, pages + 2);
    }

    [Fact]
    public async Task Disposing_WaitsForWhatIsQueued()
    {
        var writes =
            Enumerable.Range(0, 500).Select(i => Write(StoredSamples.Insert(StoredSamples.Plain($"q{i}")))).ToArray();
        await Reopen();
        Assert.All(await Task.WhenAll(writes), static r => Assert.Equal(WriteResult.Written, r));
        Assert.Equal(500, (await Store.List(new TransactionFilter { Limit = 1000 }, Token)).Count);
    }

    [Fact]
    public async Task SecondOpener_IsRefused_UntilTheFirstHasGone()
    {
        var second = Create();
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => second.Start(Token));
        Assert.Contains("Another coordinator", error.Message, StringComparison.Ordinal);
        Assert.Contains(DatabasePath, error.Message, StringComparison.Ordinal);

        await Store.DisposeAsync();
        await second.Start(Token);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task NewerSchema_IsRefused_AndTheFileIsFreeAgain()
    {
        await Store.DisposeAsync();
        Execute("insert into dtm_schema values (9999, 0)");
        var store = Create();
        var error = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Start(Token));
        Assert.Contains("9999", error.Message, StringComparison.Ordinal);

        Execute("delete from dtm_schema where version = 9999");
        await store.Start(Token);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task FirstSchema_IsMigrated_WithWhatItHolds()
    {
        await Store.DisposeAsync();
        File.Delete(DatabasePath);
        using (var connection = Connect())
        {
            SqliteDatabase.Migrate(
                connection, [.. SchemaScripts.For("sqlite").Where(static s => s.Version == 1)], TimeProvider.System);
        }

        // Rows of the first version: one is pending, one has finished and still has its last owner.
        Execute(
            """
            insert into dtm_transaction (id, gid, type, status, version, owner, due, created, updated, finished, progress) values
                (1, 'old', 'saga', 'submitted', 3, 0, 1772368218000, 5, 6, null, cast('{"b":[{"s":1}],"w":1772368218000}' as blob)),
                (2, 'done', 'saga', 'succeed', 2, 7, null, 5, 6, 6, cast('{"b":[{"s":2}]}' as blob));
            insert into dtm_body (transaction_id, seq, body) values
                (1, 0, cast('{"g":"old","t":1,"c":5,"o":{"r":1},"b":[{"i":"01","o":"action","u":"u","c":5}]}' as blob)),
                (2, 0, cast('{"g":"done","t":1,"c":5,"o":{"r":1},"b":[{"i":"01","o":"action","u":"u","c":5}]}' as blob));
            """);

        await Reopen();
        Assert.Equal(5L, Execute("select max(version) from dtm_schema"));
        var old = (await Store.Load("old", Token))!.Transaction;
        Assert.Equal((3, "", null), (old.Version, old.Definition.NoticeUrl, old.Notice));
        Assert.Equal(["old"], (await Store.FindDue(old.WakeAt!.Value, null, 10, Token)).Select(static d => d.Gid));
        Assert.Empty(await Store.FindInterrupted(StoredSamples.Self, true, 0, 10, Token));
        Assert.Equal(
            [new UnfinishedCount(TransactionType.Saga, TransactionStatus.Submitted, 1, 1)],
            await Store.CountUnfinished(old.WakeAt.Value.AddSeconds(1), Token));
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Update(old, static t => StoredSamples.Finish(t))));
        Assert.Empty(await Store.CountUnfinished(old.WakeAt.Value, Token));
        Assert.Equal(WriteResult.Written, await ((IKeyValueStore)Store).Put("topics", "t", "v", 0, Token));
    }

    /// <summary>Early builds had the schema steps 2 and 3, which one step has replaced.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Schemas_OfEarlyBuilds_BecomeTheSameAsANewOne(int version)
    {
        await Store.DisposeAsync();
        var expected = Schema();
        File.Delete(DatabasePath);
        using (var connection = Connect())
        {
            SqliteDatabase.Migrate(
                connection, [.. SchemaScripts.For("sqlite").Where(static s => s.Version == 1)], TimeProvider.System);
        }

        const string second =
            """
            create table dtm_kv (
                id      integer primary key autoincrement,
                cat     text    not null,
                k       text    not null,
                v       text    not null,
                version integer not null,
                created integer not null,
                updated integer not null,
                unique (cat, k)
            );
            create index dtm_transaction_unfinished on dtm_transaction (type, status, due) where status not in ('succeed', 'failed');
            insert into dtm_schema values (2, 0);
            """;
        const string third =
            """
            drop index dtm_transaction_unfinished;
            create index dtm_transaction_unfinished on dtm_transaction (type, status) where status not in ('succeed', 'failed');
            drop index dtm_transaction_due;
            create index dtm_transaction_due on dtm_transaction (due, id, type, status) where due is not null;
            insert into dtm_schema values (3, 0);
            """;
        Execute(version switch { 1 => "select 1", 2 => second, _ => second + third });
        if (version > 1)
        {
            Execute(
                "insert into dtm_kv (cat, k, v, version, created, updated) values ('topics', 'kept', 'v', 1, 0, 0)");
        }

        await Reopen();
        Assert.Equal(expected, Schema());
        Assert.Equal(5L, Execute("select max(version) from dtm_schema"));
        Assert.Equal(version > 1 ? "v" : null, (await ((IKeyValueStore)Store).Get("topics", "kept", Token))?.Value);

        string Schema() => Regex.Replace(
            (string)Execute("select group_concat(sql, char(10)) from (select sql from sqlite_master where sql is not "
                + "null order by name)")!, @"\s+", " ")
            .Replace("IF NOT EXISTS ", "", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task KeyValues_SurviveReopening()
    {
        await ((IKeyValueStore)Store).Put("topics", "t", "v", 0, Token);
        var before = await ((IKeyValueStore)Store).Get("topics", "t", Token);
        await Reopen();
        Assert.Equal(before, await ((IKeyValueStore)Store).Get("topics", "t", Token));
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => ((IKeyValueStore)Store).Put("topics", "t", "v", 1, Token));
    }

    [Fact]
    public async Task NotADatabase_IsUnavailable()
    {
        await Store.DisposeAsync();
        await File.WriteAllTextAsync(DatabasePath, new string('x', 5000), Token);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Create().Start(Token));
    }

    [Fact]
    public async Task NotStartedOrDisposed_SaysSo()
    {
        var store = Create();
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Load("x", Token));
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.Load("x", Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(StoredSamples.Insert(StoredSamples.Plain("x"))));
    }

    [Fact]
    public async Task Refused_SparesItsNeighbours()
    {
        Execute("create trigger poison before insert on dtm_transaction when new.gid = 'poison' begin select "
            + "raise(abort, 'no'); end");
        var writes = Enumerable.Range(0, 50)
            .Select(i => Write(StoredSamples.Insert(StoredSamples.Plain(i == 20 ? "poison" : $"ok{i}"))))
            .ToArray();
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => writes[20]);
        Assert.IsType<SqliteException>(error.InnerException);
        Assert.All(
            writes.Where(static (_, i) => i != 20),
            static w => Assert.Equal(WriteResult.Written, w.GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task Payloads_AreNotRewrittenByProgress()
    {
        var state = StoredSamples.Rich("p");
        await Write(StoredSamples.Insert(state));
        await Write(StoredSamples.Update(state, static t => StoredSamples.Finish(t)));
        await Store.DisposeAsync();
        Assert.Equal(1L, Execute("select count(*) from dtm_body"));
        Assert.Equal(0L, Execute("select instr(progress, 'AAECAwQF') from dtm_transaction"));
    }

    [Fact]
    public async Task CountUnfinished_ReadsIndexesAlone()
    {
        await Store.Ping(Token);
        var plan = Plan(new SqliteDialect().CountUnfinished);
        Assert.Contains("USING COVERING INDEX dtm_transaction_unfinished", plan, StringComparison.Ordinal);
        Assert.Contains("USING COVERING INDEX dtm_transaction_due", plan, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dtm_transaction_due", "FindDue")]
    [InlineData("dtm_transaction_due", "FindWaiting")]
    [InlineData("dtm_transaction_owner", "FindInterrupted")]
    [InlineData("dtm_transaction_unfinished", "IsUnfinished")]
    [InlineData("dtm_transaction_failed", "IsFailed")]
    public async Task Searches_UseTheirIndexWithoutSorting(string index, string search)
    {
        await Store.Ping(Token);
        var sql = new SqliteDialect();
        var plan = Plan(search switch
        {
            "FindDue" => sql.FindDue,
            "FindWaiting" => sql.FindWaiting,
            "FindInterrupted" => sql.FindInterrupted(others: true),
            "IsUnfinished" => "select id from dtm_transaction where type = @type and status = @status and "
                + $"{sql.IsUnfinished} order by id desc",
            _ => $"select id from dtm_transaction where id < @before and {sql.IsFailed} order by id desc",
        });
        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    protected override ITransactionStore Create() => new SqliteTransactionStore(
        new SqliteStoreOptions { Path = DatabasePath },
        TimeProvider.System,
        NullLogger<SqliteTransactionStore>.Instance);

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }

    private string Plan(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = $"explain query plan {Regex.Replace(sql, @"@\w+", "5")}";
        using var reader = command.ExecuteReader();
        var plan = "";
        while (reader.Read())
        {
            plan += reader.GetString(3) + "\n";
        }

        return plan;
    }

    private object? Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
