using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Additional tests of stores on database servers: several processes, locks, rights, and batches of every kind.
/// </summary>
public abstract class ServerStoreTests : TransactionStoreConformance
{
    protected abstract string ConnectionString { get; }

    private protected abstract ServerDialect Dialect { get; }

    protected ServerStoreOptions Options => new() { ConnectionString = ConnectionString };

    [Fact]
    public async Task MixedBatch_AnswersEachWriteTruly()
    {
        var (kept, stale, taken) =
            (StoredSamples.Plain("kept"), StoredSamples.Plain("stale"), StoredSamples.Plain("taken"));
        var (grown, late) = (StoredSamples.Plain("grown"), StoredSamples.Plain("late"));
        Commit([.. new[] { kept, stale, taken, grown, late }.Select(static s => StoredSamples.Insert(s))]);
        var ahead = StoredSamples.Update(stale, static t => t with { Result = "ahead" });
        var aheadOfLate = StoredSamples.Update(late, static t => t with { Result = "ahead" });
        Commit(ahead, aheadOfLate);
        var chain = StoredSamples.Plain("chain");
        var second = StoredSamples.Update(chain, static t => t with { Result = "second" });
        var third = StoredSamples.Update(second.Next, Grow);

        var results = Commit(
            StoredSamples.Insert(StoredSamples.Plain("zz new")),
            StoredSamples.Update(stale, static t => t with { Result = "lost" }),
            StoredSamples.Insert(chain),
            StoredSamples.Update(kept, static t => StoredSamples.Finish(t)),
            StoredSamples.Insert(StoredSamples.Plain("taken") with { Result = "lost" }),
            second,
            StoredSamples.Insert(chain),
            StoredSamples.Update(StoredSamples.Plain("ghost"), Grow),
            StoredSamples.Update(grown, Grow),
            StoredSamples.Update(late, Grow),
            StoredSamples.Update(chain, static t => t with { Result = "lost" }),
            third);

        const WriteResult written = WriteResult.Written;
        const WriteResult conflict = WriteResult.Conflict;
        Assert.Equal(
            [
                written, conflict, written, written, conflict, written, conflict, conflict, written, conflict, conflict,
                written,
            ], results);
        Assert.NotNull(await Store.Load("zz new", Token));
        Assert.Null(await Store.Load("ghost", Token));
        Assert.Equal(
            StoredSamples.Describe(ahead.Next),
            StoredSamples.Describe((await Store.Load("stale", Token))!.Transaction));
        Assert.Equal(
            StoredSamples.Describe(aheadOfLate.Next),
            StoredSamples.Describe((await Store.Load("late", Token))!.Transaction));
        Assert.Equal(
            StoredSamples.Describe(taken), StoredSamples.Describe((await Store.Load("taken", Token))!.Transaction));
        Assert.Equal(
            StoredSamples.Describe(third.Next),
            StoredSamples.Describe((await Store.Load("chain", Token))!.Transaction));
        Assert.Equal(2, (await Store.Load("grown", Token))!.Transaction.Branches.Length);
        Assert.Equal(TransactionStatus.Succeed, (await Store.Load("kept", Token))!.Transaction.Status);
    }

    [Fact]
    public async Task BigBatch_IsWrittenWhole()
    {
        var states = Enumerable.Range(0, 300).Select(static i => StoredSamples.Plain($"b{i}")).ToArray();
        Assert.All(
            Commit([.. states.Select(static s => StoredSamples.Insert(s))]),
            static r => Assert.Equal(WriteResult.Written, r));
        var updates = states.Select(static s => StoredSamples.Update(s, Grow)).ToArray();
        Assert.All(Commit(updates), static r => Assert.Equal(WriteResult.Written, r));
        var listed = await Store.List(new TransactionFilter { Limit = 1000 }, Token);
        Assert.Equal(
            updates.Select(static u => u.Next.Definition.Gid).Order(),
            listed.Select(static s => s.Transaction.Definition.Gid).Order());
        Assert.All(listed, static s => Assert.Equal((2, 2), (s.Transaction.Version, s.Transaction.Branches.Length)));
        Assert.Equal(
            StoredSamples.Describe(updates[7].Next),
            StoredSamples.Describe((await Store.Load("b7", Token))!.Transaction));
    }

    [Fact]
    public async Task TwoStoresOnOneDatabase_ExactlyOneWinsEachWrite()
    {
        await using var other = Create();
        await other.Start(Token);
        ITransactionStore[] stores = [Store, other];
        var states = Enumerable.Range(0, 60).Select(static i => StoredSamples.Plain($"race{i}")).ToArray();
        for (var round = 0; round < 5; round++)
        {
            var writes = states.Select(
                state => round == 0 ? StoredSamples.Insert(state) : StoredSamples.Update(state, static t => t))
                .ToArray();
            var results = await Task.WhenAll(stores.Select((store, mine) => Task.WhenAll(
                (mine == 0 ? writes : writes.Reverse()).Select(w => store.Write(w with { Owner = mine + 1 }, Token)))));
            for (var i = 0; i < writes.Length; i++)
            {
                WriteResult[] both = [results[0][i], results[1][^(i + 1)]];
                Assert.Single(both, WriteResult.Written);
                Assert.Single(both, WriteResult.Conflict);
                var stored = (await Store.Load(writes[i].Next.Definition.Gid, Token))!;
                Assert.Equal(
                    (Array.IndexOf(both, WriteResult.Written) + 1, round + 1),
                    (stored.Owner, stored.Transaction.Version));
            }

            states = [.. writes.Select(static w => w.Next)];
        }
    }

    [Fact]
    public async Task SeveralStores_StartAtOnceOnNothing()
    {
        var options = new ServerStoreOptions { ConnectionString = AnotherDatabase() };
        var stores =
            Enumerable.Range(0, 4).Select(_ => Create(options, NullLogger<ServerTransactionStore>.Instance)).ToArray();
        await Task.WhenAll(stores.Select(static s => s.Start(Token)));
        for (var i = 0; i < stores.Length; i++)
        {
            Assert.Equal(
                WriteResult.Written, await stores[i].Write(StoredSamples.Insert(StoredSamples.Plain($"s{i}")), Token));
        }

        Assert.Equal(4, (await stores[0].List(new TransactionFilter(), Token)).Count);
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task Deadlock_IsTriedAgainUntilItIsWritten()
    {
        var (a, z) = (StoredSamples.Plain("a"), StoredSamples.Plain("z"));
        Commit([
            StoredSamples.Insert(a),
            StoredSamples.Insert(z),
            .. Enumerable.Range(0, 300).Select(static i => StoredSamples.Insert(StoredSamples.Plain($"f{i}"))),
        ]);
        await using var other = await Connect();
        await SpareInDeadlocks(other);
        await Execute(other, "begin");
        // MySQL cancels the transaction with fewer changes.
        await Execute(other, "update dtm_transaction set owner = 5 where gid like 'f%'");
        await Execute(other, "update dtm_transaction set owner = 5 where gid = 'z'");

        var commit = Task.Run(
            () => Commit(
                StoredSamples.Update(a, static t => t with { Result = "a" }),
                StoredSamples.Update(z, static t => t with { Result = "z" })),
            Token);
        await WaitForLockedWriter();
        // Each one waits for the other now.
        await Execute(other, "update dtm_transaction set owner = 5 where gid = 'a'");
        await Execute(other, "commit");

        Assert.Equal([WriteResult.Written, WriteResult.Written], await commit);
        Assert.Equal(
            ("a", 0),
            (await Store.Load("a", Token)) is { } stored ? (stored.Transaction.Result, stored.Owner) : default);
    }

    /// <summary>
    /// A writer may cache the ids of its rows. It must still detect that another process changed or deleted them.
    /// </summary>
    [Fact]
    public async Task RowsThatOthersChangedOrDeleted_AreConflicts_AndSpareTheirNeighbours()
    {
        var states = Enumerable.Range(0, 4).Select(static i => StoredSamples.Plain($"k{i}")).ToArray();
        using var committer = new ServerCommitter(Dialect, Options);
        Commit(committer, [.. states.Select(static s => StoredSamples.Insert(s))]);
        await using var other = await Connect();
        await Execute(other, "update dtm_transaction set version = 7, owner = 5 where gid = 'k1'");
        await Execute(other, "delete from dtm_transaction where gid = 'k2'");

        var updates =
            states.Select(static s => StoredSamples.Update(s, static t => t with { Result = "mine" })).ToArray();
        Assert.Equal(
            [WriteResult.Written, WriteResult.Conflict, WriteResult.Conflict, WriteResult.Written, WriteResult.Written],
            Commit(committer, [.. updates, StoredSamples.Insert(StoredSamples.Plain("k4"))]));
        Assert.Equal(["k0:mine:2", "k1::7", "k3:mine:2", "k4::1"], (await Store.List(new TransactionFilter(), Token))
            .Select(static r => $"{r.Transaction.Definition.Gid}:{r.Transaction.Result}:{r.Transaction.Version}")
            .Order());

        var last = StoredSamples.Update(updates[0].Next, static t => t with { Result = "last" });
        Assert.Equal(
            [WriteResult.Written, WriteResult.Conflict], Commit(committer, last, StoredSamples.Insert(states[3])));
        Assert.Equal("last", (await Store.Load("k0", Token))!.Transaction.Result);
    }

    [Fact]
    public async Task LockHeldForLong_IsAnsweredInTime_AndWrittenWhenItHasGone()
    {
        var state = StoredSamples.Plain("held");
        Commit(StoredSamples.Insert(state));
        await using var other = await Connect();
        await Execute(other, "begin");
        await Execute(other, "update dtm_transaction set owner = 5 where gid = 'held'");
        var update = StoredSamples.Update(state, static t => t with { Result = "r" });
        using var committer = new ServerCommitter(Dialect, Options with { CommitTimeout = TimeSpan.FromSeconds(2) });

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Task.Run(() => Commit(committer, update), Token).WaitAsync(TimeSpan.FromSeconds(20), Token));
        await Execute(other, "rollback");
        Assert.Equal([WriteResult.Written], Commit(committer, update));
    }

    [Fact]
    public async Task ConnectionsKilledByTheServer_AreReplaced()
    {
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Insert(StoredSamples.Plain("before"))));
        await Store.Load("before", Token);
        await KillConnections();
        Assert.NotNull(await Store.Load("before", Token)); // Reads are retried at once.

        var state = StoredSamples.Plain("after");
        await Poll.Until(
            async () =>
            {
                try
                {
                    await Write(StoredSamples.Insert(state));
                    return true;
                }
                catch (StoreUnavailableException)
                {
                    return false; // This write detected the closed connection.
                }
            },
            Poll.Patience,
            static () => "the store never wrote again",
            Token);
        Assert.NotNull(await Store.Load("after", Token));
    }

    [Fact]
    public async Task NewerSchema_IsRefusedWithTheFix()
    {
        await using (var connection = await Connect())
        {
            await Execute(connection, "insert into dtm_schema (version, applied) values (999, 1)");
        }

        await using var store = Create();
        var error = await Assert.ThrowsAsync<StoreSchemaException>(() => store.Start(Token));
        Assert.Contains("version 999", error.Message, StringComparison.Ordinal);
        Assert.Contains("Run that version or a later one", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TagsThatAnEarlierVersionLeftBehind_AreDeletedByRetention()
    {
        var (lost, kept) = (StoredSamples.Rich("lost"), StoredSamples.Rich("kept"));
        await Write(StoredSamples.Insert(lost));
        await Write(StoredSamples.Insert(kept));
        var id = (await Store.Load("lost", Token))!.Id;
        var tag = kept.Definition.Tags.First();
        await using (var connection = await Connect())
        {
            await Execute(connection, $"delete from dtm_body where transaction_id = {id}");
            await Execute(connection, $"delete from dtm_transaction where id = {id}");
        }

        Assert.Equal(0, (await Store.DeleteFinished(StoredSamples.Start, 0, 10, Token)).Deleted);
        await using (var connection = await Connect())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"select count(*) from dtm_tag where transaction_id = {id}";
            Assert.Equal(0, Convert.ToInt64(await command.ExecuteScalarAsync(Token), CultureInfo.InvariantCulture));
        }

        var found = await Store.List(
            new TransactionFilter { Tags = [new TagFilter($"{tag.Key}:{tag.Value}", false)] }, Token);
        Assert.Equal("kept", Assert.Single(found).Transaction.Definition.Gid);
    }

    [Fact]
    public async Task UserWithoutRightsOnTheSchema_WorksOnceItIsThere()
    {
        var limited = await CreateLimitedUser(ConnectionString);
        await using (var store = Create(
            new ServerStoreOptions { ConnectionString = limited }, NullLogger<ServerTransactionStore>.Instance))
        {
            await store.Start(Token);
            Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain("x")), Token));
            Assert.Equal(WriteResult.Written, await ((IKeyValueStore)store).Put("topics", "t", "v", 0, Token));
            Assert.Equal(0, (await store.DeleteFinished(StoredSamples.Start, 0, 10, Token)).Deleted);
        }

        var nothing = AnotherDatabase();
        await using var other = Create(
            new ServerStoreOptions
            {
                ConnectionString = new DbConnectionStringBuilder
                {
                    ConnectionString = limited,
                    ["Database"] = Database(nothing),
                }.ConnectionString,
            },
            NullLogger<ServerTransactionStore>.Instance);
        var error = await Assert.ThrowsAsync<StoreSchemaException>(() => other.Start(Token));
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadOnlyServer_IsUnavailable_UntilItIsNot()
    {
        var limited = await CreateLimitedUser(ConnectionString);
        await using var store = Create(
            new ServerStoreOptions { ConnectionString = limited }, NullLogger<ServerTransactionStore>.Instance);
        await store.Start(Token);
        await SetReadOnly(true);
        try
        {
            await KillConnections();
            await Assert.ThrowsAsync<StoreUnavailableException>(
                () => store.Write(StoredSamples.Insert(StoredSamples.Plain("r1")), Token));
            await Assert.ThrowsAsync<StoreUnavailableException>(
                () => store.Write(StoredSamples.Insert(StoredSamples.Plain("r2")), Token));
            Assert.Null(await store.Load("r1", Token));
            // Reads work, but the store is not ready.
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Ping(Token));
        }
        finally
        {
            await SetReadOnly(false);
        }

        await store.Ping(Token); // The store recovers without a write.
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain("r3")), Token));
        Assert.Null(await store.Load("r2", Token));
    }

    [Fact]
    public async Task NobodyThere_IsUnavailable_WithoutThePassword()
    {
        var wrong = new DbConnectionStringBuilder
        {
            ConnectionString = ConnectionString,
            ["Port"] = "1",
            ["Password"] = "s3cret",
        }.ConnectionString;
        await using var store = Create(
            new ServerStoreOptions { ConnectionString = wrong }, NullLogger<ServerTransactionStore>.Instance);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Start(Token));
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Ping(Token));
    }

    [Fact]
    public async Task WeakSettings_AreWarnedOf()
    {
        var log = new KeptLog();
        await using (var store = Create(Options, log))
        {
            await store.Start(Token);
        }

        Assert.Empty(log.Warnings);
        var name = await Weaken();
        try
        {
            await using var store = Create(Options, log);
            await store.Start(Token);
        }
        finally
        {
            await Strengthen();
        }

        Assert.Contains(name, Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    protected override ITransactionStore Create() => Create(Options, NullLogger<ServerTransactionStore>.Instance);

    protected abstract ServerTransactionStore Create(
        ServerStoreOptions options, ILogger<ServerTransactionStore> logger);

    /// <summary>The connection string of a database that does not exist.</summary>
    protected abstract string AnotherDatabase();

    protected abstract Task<DbConnection> Connect();

    /// <summary>Makes the other of the two transactions the victim of a deadlock.</summary>
    protected virtual Task SpareInDeadlocks(DbConnection connection) => Task.CompletedTask;

    /// <summary>Waits until a transaction waits for a lock of another one.</summary>
    protected abstract Task WaitForLockedWriter();

    /// <summary>Kills all connections except the caller's.</summary>
    protected abstract Task KillConnections();

    /// <summary>
    /// Creates a user who may only read and write the existing tables. The password is s3cret. Returns the connection
    /// string.
    /// </summary>
    protected abstract Task<string> CreateLimitedUser(string connectionString);

    protected abstract Task SetReadOnly(bool value);

    /// <returns>The name of the setting.</returns>
    protected abstract Task<string> Weaken();

    protected abstract Task Strengthen();

    protected static string Database(string connectionString) =>
        (string)new DbConnectionStringBuilder { ConnectionString = connectionString }["Database"];

    protected static async Task<object?> Execute(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Token);
    }

    protected static Task WaitUntilSome(DbConnection connection, string count) => Poll.Until(
        async () => Convert.ToInt64(await Execute(connection, count), CultureInfo.InvariantCulture) > 0,
        Poll.Patience,
        () => $"never: {count}",
        Token);

    /// <summary>Commits the writes in one batch.</summary>
    protected WriteResult[] Commit(params TransactionWrite[] writes)
    {
        using var committer = new ServerCommitter(Dialect, Options);
        return Commit(committer, writes);
    }

    private protected static WriteResult[] Commit(ServerCommitter committer, params TransactionWrite[] writes)
    {
        var results = new WriteResult[writes.Length];
        committer.Commit([.. writes.Select(EncodedWrite.Of)], results);
        return results;
    }

    private static Transaction Grow(Transaction state) => state with
    {
        Branches = [.. state.Branches, new BranchOp { Definition = StoredSamples.Call("02", "action") }],
    };

    private sealed class KeptLog : ILogger<ServerTransactionStore>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Warnings.Add(formatter(state, exception));
    }
}
