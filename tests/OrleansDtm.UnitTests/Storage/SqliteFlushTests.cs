using Microsoft.Data.Sqlite;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

public sealed class SqliteFlushTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orleansdtm-").FullName;
    private readonly SqliteCommitter _committer;
    private readonly SqliteConnection _reader;
    private Action _flush = static () => { };

    public SqliteFlushTests()
    {
        var options = new SqliteStoreOptions();
        var connection = SqliteDatabase.Open(DatabasePath, options, isReader: false);
        SqliteDatabase.Migrate(connection, SchemaScripts.For("sqlite"), TimeProvider.System);
        _committer = new SqliteCommitter(connection, () => _flush());
        _reader = SqliteDatabase.Open(DatabasePath, options, isReader: true);
    }

    private string DatabasePath => Path.Combine(_directory, "dtm.db");

    public void Dispose()
    {
        _reader.Dispose();
        _committer.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void EveryCommit_IsFlushed_BeforeItsWritersAreAnswered()
    {
        var found = new List<long>();
        _flush = () => found.Add(Count(_reader));
        Commit("a", "b");
        Commit("c");
        _committer.Run(static _ => 1);
        Assert.Equal([2, 3, 3], found);
    }

    [Fact]
    public void FailedFlush_IsNoSuccess_AndWhatItCoveredIsSavedBeforeTheNextCommit()
    {
        _flush = static () => throw new IOException("the disk is gone");
        var error = Assert.Throws<StoreUnavailableException>(() => Commit("doubtful"));
        Assert.Contains("the disk is gone", error.Message, StringComparison.Ordinal);

        _flush = static () => { };
        Commit("later");
        var copy = Path.Combine(_directory, "copy.db");
        // The copy has no write-ahead log, so it contains only what was moved to the database file.
        File.Copy(DatabasePath, copy);
        using var saved = SqliteDatabase.Open(copy, new SqliteStoreOptions(), isReader: true);
        Assert.Equal(1, Count(saved));
        Assert.Equal(2, Count(_reader));
    }

    [Fact]
    public void FailedFlush_StopsCommits_WhileAReaderKeepsTheFileBusy()
    {
        Commit("first");
        using var reading = _reader.BeginTransaction(deferred: true);
        Assert.Equal(1, Count(_reader, reading)); // Its snapshot starts here.
        _flush = static () => throw new IOException("the disk is gone");
        Assert.Throws<StoreUnavailableException>(() => Commit("doubtful"));

        _flush = static () => { };
        Assert.Throws<StoreUnavailableException>(() => Commit("too early"));
        reading.Commit();
        Commit("later");
        Assert.Equal(3, Count(_reader));
    }

    [Fact]
    public void RealFlush_TellsWhenItCannot()
    {
        Assert.SkipUnless(SqliteFlush.IsSupported, "SQLite flushes here");
        using (var flush = new SqliteFlush(DatabasePath))
        {
            Commit("a");
            flush.Run();
            flush.Run();
        }

        using var nowhere = new SqliteFlush(Path.Combine(_directory, "none.db"));
        Assert.ThrowsAny<IOException>(nowhere.Run);
    }

    private static long Count(SqliteConnection connection, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "select count(*) from dtm_transaction;";
        return (long)command.ExecuteScalar()!;
    }

    private void Commit(params string[] gids)
    {
        var results = new WriteResult[gids.Length];
        _committer.Commit(
            [.. gids.Select(static g => EncodedWrite.Of(StoredSamples.Insert(StoredSamples.Plain(g))))], results);
        Assert.All(results, static r => Assert.Equal(WriteResult.Written, r));
    }
}
