using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// The server is killed and stopped while transactions are written. Acknowledged writes must be there afterwards.
/// </summary>
public abstract class ServerFaultTests<TServer>(DatabaseUnderTest<TServer> database) : IAsyncDisposable
    where TServer : DatabaseServer, new()
{
    private const int Clients = 16;
    private static readonly TimeSpan ErrorLimit = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, long> _acknowledged = new();
    private long _count;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ITransactionStore? Store { get; set; }

    public async ValueTask DisposeAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task KilledWhileWriting_LosesNothingAcknowledged_AndIsUsedAgain()
    {
        var store = await Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var clients = Enumerable.Range(0, Clients).Select(client => Client(store, client, stop.Token)).ToArray();
        for (var kill = 0; kill < 3; kill++)
        {
            await More(200);
            await database.Server.Kill();
            await database.Server.Restart(Token);
        }

        await More(200); // The store detects by itself that the server is back.
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        foreach (var (gid, version) in _acknowledged)
        {
            var stored = await store.Load(gid, Token);
            Assert.NotNull(stored);
            Assert.True(
                stored.Transaction.Version >= version,
                $"{gid} has version {stored.Transaction.Version}, acknowledged was {version}");
        }
    }

    [Fact]
    public async Task Stopped_AnswersWithAnErrorInTime_AndGoesOnAfterwards()
    {
        var store = await Start();
        var state = StoredSamples.Plain("stopped");
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(state), Token));
        database.Server.Pause();
        try
        {
            var clock = Stopwatch.StartNew();
            var write = store.Write(StoredSamples.Update(state, static t => t with { Result = "r" }), Token);
            var reads = Enumerable.Range(0, 40).Select(_ => store.Load("stopped", Token)).ToArray();
            await Assert.ThrowsAsync<StoreUnavailableException>(() => write.WaitAsync(ErrorLimit, Token));
            foreach (var read in reads)
            {
                await Assert.ThrowsAsync<StoreUnavailableException>(() => read.WaitAsync(ErrorLimit, Token));
            }

            Assert.True(clock.Elapsed < ErrorLimit, $"the last error took {clock.Elapsed}");
        }
        finally
        {
            database.Server.Resume();
        }

        // The update without a response may have been committed or not, or be committed by the resumed database after
        // the reload. The row's version shows that, and the store accepts the next update.
        var now = await Reload(store, "stopped");
        var result = await WriteAgain(store, After(now));
        if (result == WriteResult.Conflict)
        {
            now = await Reload(store, "stopped");
            Assert.Contains(now.Result, (string[])["r", "after"]);
            result = await WriteAgain(store, After(now));
        }

        Assert.Equal(WriteResult.Written, result);
        Assert.Equal("after", (await Reload(store, "stopped")).Result);

        static TransactionWrite After(Transaction state) =>
            StoredSamples.Update(state, static t => t with { Result = "after" });
    }

    protected abstract ITransactionStore Create(ServerStoreOptions options);

    private async Task<ITransactionStore> Start()
    {
        Store = Create(new ServerStoreOptions
        {
            ConnectionString = database.NewDatabase(),
            CommitTimeout = TimeSpan.FromSeconds(3),
            ReadTimeout = TimeSpan.FromSeconds(2),
            ConnectTimeout = TimeSpan.FromSeconds(2),
        });
        await Store.Start(Token);
        return Store;
    }

    private Task More(int writes)
    {
        var goal = Interlocked.Read(ref _count) + writes;
        return Poll.Until(
            () => Task.FromResult(Interlocked.Read(ref _count) >= goal),
            TimeSpan.FromSeconds(60),
            () => $"only {Interlocked.Read(ref _count)} of {goal} writes",
            Token);
    }

    /// <summary>Inserts and updates until it is stopped. Reloads after an error, as a grain does.</summary>
    private async Task Client(ITransactionStore store, int client, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var gid = $"c{client}-{i}";
            Transaction? known = null;
            for (var step = 0; step < 3 && !stop.IsCancellationRequested;)
            {
                try
                {
                    var write = known is null
                        ? StoredSamples.Insert(StoredSamples.Plain(gid))
                        : StoredSamples.Update(known, t => t with { Result = $"{step}" });
                    if (await store.Write(write, CancellationToken.None) == WriteResult.Written)
                    {
                        known = write.Next;
                        _acknowledged[gid] = known.Version;
                        Interlocked.Increment(ref _count);
                        step++;
                    }
                    else
                    {
                        known = (await store.Load(gid, CancellationToken.None))?.Transaction;
                    }
                }
                catch (StoreUnavailableException)
                {
                    known = null; // If the insert was committed, the next one is a conflict, which loads the row.
                    await pace.WaitForNextTickAsync(CancellationToken.None);
                }
            }
        }
    }

    private static async Task<Transaction> Reload(ITransactionStore store, string gid)
    {
        Transaction? found = null;
        await Poll.Until(
            async () =>
            {
                try
                {
                    found = (await store.Load(gid, Token))?.Transaction;
                    return true;
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            },
            ErrorLimit,
            static () => "the store never read again",
            Token);
        return found!;
    }

    private static async Task<WriteResult> WriteAgain(ITransactionStore store, TransactionWrite write)
    {
        var result = WriteResult.None;
        await Poll.Until(
            async () =>
            {
                try
                {
                    result = await store.Write(write, Token);
                    return true;
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            },
            ErrorLimit,
            static () => "the store never wrote again",
            Token);
        return result;
    }
}

public abstract class MySqlDialectFaultTests<TServer>(DatabaseUnderTest<TServer> database)
    : ServerFaultTests<TServer>(database)
    where TServer : DatabaseServer, new()
{
    protected override ITransactionStore Create(ServerStoreOptions options) =>
        StoreDrivers.MySql.Create(options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
}

public sealed class MariaDbFaultTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectFaultTests<MariaDbServer>(database), IClassFixture<DatabaseUnderTest<MariaDbServer>>;

public sealed class MySqlFaultTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectFaultTests<MySqlServer>(database), IClassFixture<DatabaseUnderTest<MySqlServer>>;

public sealed class PostgresFaultTests(DatabaseUnderTest<PostgresServer> database)
    : ServerFaultTests<PostgresServer>(database), IClassFixture<DatabaseUnderTest<PostgresServer>>
{
    protected override ITransactionStore Create(ServerStoreOptions options) =>
        StoreDrivers.Postgres.Create(options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
}
