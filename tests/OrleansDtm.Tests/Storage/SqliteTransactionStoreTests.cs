using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Storage;

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
        var state = Samples.Rich("kept");
        await Write(Samples.Insert(state, 3));
        var appended = Samples.Update(
            state, static t => t with { Branches = [.. t.Branches, new Branch { Definition = Samples.Call("03", "action") }] }, owner: 4);
        await Write(appended);
        var before = await Store.Load("kept", Token);

        await Reopen();
        var after = await Store.Load("kept", Token);
        Assert.Equal((before!.Id, 4), (after!.Id, after.Owner));
        Assert.Equal(Samples.Describe(appended.Next), Samples.Describe(after.Transaction));
        Assert.Equal(["kept"], (await Store.FindInterrupted(Samples.Self, true, 0, 10, Token)).Select(static d => d.Gid));
        Assert.Equal(WriteResult.Conflict, await Write(Samples.Insert(state)));
    }

    [Fact]
    public async Task Disposing_WaitsForWhatIsQueued()
    {
        var writes = Enumerable.Range(0, 500).Select(i => Write(Samples.Insert(Samples.Plain($"q{i}")))).ToArray();
        await Reopen();
        Assert.All(await Task.WhenAll(writes), static r => Assert.Equal(WriteResult.Written, r));
        Assert.Equal(500, (await Store.List(new TransactionFilter { Limit = 1000 }, Token)).Count);
    }

    [Fact]
    public async Task SecondOpener_IsRefused_UntilTheFirstHasGone()
    {
        var second = Create();
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => second.Start(Token));
        Assert.Contains("another process", error.Message, StringComparison.Ordinal);
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
            SqliteDatabase.Migrate(connection, [.. SchemaScripts.For("sqlite").Where(static s => s.Version == 1)], TimeProvider.System);
        }

        // As the first version wrote them: one waits, one has finished with the owner of its last call.
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
        Assert.Equal(3L, Execute("select max(version) from dtm_schema"));
        var old = (await Store.Load("old", Token))!.Transaction;
        Assert.Equal((3, "", null), (old.Version, old.Definition.NoticeUrl, old.Notice));
        Assert.Equal(["old"], (await Store.FindDue(old.WakeAt!.Value, null, 10, Token)).Select(static d => d.Gid));
        Assert.Empty(await Store.FindInterrupted(Samples.Self, true, 0, 10, Token));
        Assert.Equal(
            [new UnfinishedCount(TransactionType.Saga, TransactionStatus.Submitted, 1, 1)],
            await Store.CountUnfinished(old.WakeAt.Value.AddSeconds(1), Token));
        Assert.Equal(WriteResult.Written, await Write(Samples.Update(old, static t => Samples.Finish(t))));
        Assert.Empty(await Store.CountUnfinished(old.WakeAt.Value, Token));
        Assert.Equal(WriteResult.Written, await ((IKeyValueStore)Store).Put("topics", "t", "v", 0, Token));
    }

    [Fact]
    public async Task KeyValues_SurviveReopening()
    {
        await ((IKeyValueStore)Store).Put("topics", "t", "v", 0, Token);
        var before = await ((IKeyValueStore)Store).Get("topics", "t", Token);
        await Reopen();
        Assert.Equal(before, await ((IKeyValueStore)Store).Get("topics", "t", Token));
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ((IKeyValueStore)Store).Put("topics", "t", "v", 1, Token));
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
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(Samples.Insert(Samples.Plain("x"))));
    }

    [Fact]
    public async Task Refused_SparesItsNeighbours()
    {
        Execute("create trigger poison before insert on dtm_transaction when new.gid = 'poison' begin select raise(abort, 'no'); end");
        var writes = Enumerable.Range(0, 50).Select(i => Write(Samples.Insert(Samples.Plain(i == 20 ? "poison" : $"ok{i}")))).ToArray();
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => writes[20]);
        Assert.IsType<SqliteException>(error.InnerException);
        Assert.All(writes.Where(static (_, i) => i != 20), static w => Assert.Equal(WriteResult.Written, w.GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task Payloads_AreNotRewrittenByProgress()
    {
        var state = Samples.Rich("p");
        await Write(Samples.Insert(state));
        await Write(Samples.Update(state, static t => Samples.Finish(t)));
        await Store.DisposeAsync();
        Assert.Equal(1L, Execute("select count(*) from dtm_body"));
        Assert.Equal(0L, Execute("select instr(progress, 'AAECAwQF') from dtm_transaction"));
    }

    [Fact]
    public async Task CountUnfinished_ReadsIndexesAlone()
    {
        await Store.Ping(Token);
        var plan = Plan(SqliteReader.CountSql.Replace("@before", "5", StringComparison.Ordinal));
        Assert.Contains("USING COVERING INDEX dtm_transaction_unfinished", plan, StringComparison.Ordinal);
        Assert.Contains("USING COVERING INDEX dtm_transaction_due", plan, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("due <= 5 and (due, id) > (1, 1) order by due, id", "dtm_transaction_due")]
    [InlineData("due > 5 order by due desc, id desc", "dtm_transaction_due")]
    [InlineData("owner <> 0 and owner <> 4 and id > 3 and due is not null order by id", "dtm_transaction_owner")]
    [InlineData("status = 'aborting' and type = 'saga' and status not in ('succeed', 'failed') order by id desc", "dtm_transaction_unfinished")]
    [InlineData("status = 'failed' and id < 9 order by id desc", "dtm_transaction_failed")]
    public async Task Searches_UseTheirIndexWithoutSorting(string where, string index)
    {
        await Store.Ping(Token);
        var plan = Plan($"select id, gid, due from dtm_transaction where {where} limit 10");
        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    protected override ITransactionStore Create() => new SqliteTransactionStore(
        new SqliteStoreOptions { Path = DatabasePath }, TimeProvider.System, NullLogger<SqliteTransactionStore>.Instance);

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
        command.CommandText = $"explain query plan {sql}";
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
