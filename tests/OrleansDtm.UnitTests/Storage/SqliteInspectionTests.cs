using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>Inspecting and reading a SQLite store while its coordinator runs does not change it.</summary>
public sealed class SqliteInspectionTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleans-dtm-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_home.FullName, "dtm.db");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public void A_file_that_is_not_there_is_noted_and_not_made()
    {
        var findings = SqliteInspection.Look(new SqliteStoreOptions { Path = File });

        Assert.DoesNotContain(findings, static f => f.Kind == FindingKind.Problem);
        Assert.Contains(
            findings,
            static f => f.Text.Contains("does not exist; the first start creates it", StringComparison.Ordinal));
        Assert.Empty(_home.GetFileSystemInfos());
    }

    [Fact]
    public async Task A_newer_schema_is_a_problem_and_an_older_one_a_note()
    {
        await using (var store = await Start(readOnly: false))
        {
            Assert.Contains(Look(), static f => f.Kind == FindingKind.Good
                && f.Text.StartsWith("schema version", StringComparison.Ordinal));
        }

        await Execute("insert into dtm_schema (version, applied) values (99, 0)");
        Assert.Contains(Look(), static f => f.Kind == FindingKind.Problem
            && f.Text.Contains("schema version 99", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<StoreSchemaException>(() => Start(readOnly: true));
        Assert.Contains("use the program of the same version", refused.Message, StringComparison.Ordinal);

        await Execute("delete from dtm_schema where version <> 1");
        Assert.Contains(
            Look(),
            static f => f.Kind == FindingKind.Note && f.Text.Contains("make a backup first", StringComparison.Ordinal));
        // The inspection has not migrated anything.
        Assert.Equal(1, await Execute("update dtm_schema set applied = applied"));
    }

    [Fact]
    public async Task A_store_for_reading_sees_what_another_one_writes_meanwhile_and_writes_nothing()
    {
        await using var writer = await Start(readOnly: false);
        await using var reader = await Start(readOnly: true);
        var state = StoredSamples.Plain("seen");
        Assert.Equal(WriteResult.Written, await writer.Write(StoredSamples.Insert(state), Cancel));

        Assert.Equal(
            StoredSamples.Describe(state), StoredSamples.Describe((await reader.Load("seen", Cancel))!.Transaction));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => reader.Write(StoredSamples.Insert(StoredSamples.Plain("other")), Cancel));
    }

    [Fact]
    public async Task A_damaged_row_is_named_and_its_neighbours_are_read()
    {
        await using var store = await Start(readOnly: false);
        foreach (var gid in new[] { "good", "bad" })
        {
            await store.Write(StoredSamples.Insert(StoredSamples.Plain(gid)), Cancel);
        }

        await Execute("update dtm_transaction set progress = x'7b' where gid = 'bad'");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => store.Load("bad", Cancel));
        Assert.Contains("transaction with id 2 in dtm_transaction", error.Message, StringComparison.Ordinal);
        Assert.NotNull(await store.Load("good", Cancel));
    }

    private IReadOnlyList<Finding> Look() => SqliteInspection.Look(new SqliteStoreOptions { Path = File });

    private async Task<SqliteTransactionStore> Start(bool readOnly)
    {
        var store = new SqliteTransactionStore(
            new SqliteStoreOptions { Path = File, ReadOnly = readOnly },
            TimeProvider.System,
            NullLogger<SqliteTransactionStore>.Instance);
        await store.Start(Cancel);
        return store;
    }

    private async Task<int> Execute(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync(Cancel);
    }
}
