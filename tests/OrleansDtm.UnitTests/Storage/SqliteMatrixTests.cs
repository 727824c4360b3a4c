using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>Files that another program has created with its own settings. A new setting is one line.</summary>
public sealed class SqliteMatrixTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orleansdtm-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("dtm.db", "journal_mode = delete")]
    [InlineData("dtm.db", "journal_mode = truncate")]
    [InlineData("dtm.db", "journal_mode = persist")]
    [InlineData("dtm.db", "journal_mode = wal")]
    [InlineData("dtm.db", "encoding = 'UTF-16le'")]
    [InlineData("dtm.db", "encoding = 'UTF-16be'")]
    [InlineData("dtm.db", "page_size = 512")]
    [InlineData("dtm.db", "page_size = 65536")]
    [InlineData("dtm.db", "auto_vacuum = full")]
    [InlineData("dtm.db", "auto_vacuum = incremental")]
    [InlineData("dtm.db", "user_version = 77")]
    [InlineData("a name; with = signs, 'quotes' and ünicode.db", "application_id = 1")]
    public async Task Works(string name, string pragma)
    {
        var path = Path.Combine(_directory, name);
        using (var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"pragma {pragma}; create table theirs (x); insert into theirs values (1);";
            command.ExecuteNonQuery();
        }

        await using var store = new SqliteTransactionStore(
            new SqliteStoreOptions { Path = path }, TimeProvider.System, NullLogger<SqliteTransactionStore>.Instance);
        await store.Start(Cancel);
        await StoreRound.Run(store, Cancel);
        Assert.True(File.Exists(path + "-wal"));
    }
}
