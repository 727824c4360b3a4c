using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>A disk of 2 MB. Mounting it requires root.</summary>
public sealed class SqliteFullDiskTests : IAsyncLifetime
{
    private readonly string _disk = Directory.CreateTempSubdirectory("orleansdtm-disk-").FullName;
    private bool _mounted;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mounted = Environment.UserName == "root"
            && await Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", _disk) == 0;
        if (!_mounted)
        {
            Assert.Skip("No file system can be mounted here.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted)
        {
            await Run("umount", _disk);
        }

        Directory.Delete(_disk, recursive: true);
    }

    [Fact]
    public async Task A_store_whose_disk_is_full_reads_and_is_not_ready_until_there_is_room()
    {
        await using var store = new SqliteTransactionStore(
            new SqliteStoreOptions { Path = Path.Combine(_disk, "dtm.db") },
            TimeProvider.System,
            NullLogger<SqliteTransactionStore>.Instance);
        await store.Start(Cancel);
        Assert.Equal(
            WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain("before")), Cancel));
        await store.Ping(Cancel);

        await Fill();
        var full = await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
            {
                await store.Write(
                    StoredSamples.Insert(StoredSamples.Plain($"during{i}") with { Result = new string('x', 10_000) }),
                    Cancel);
            }
        });
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.Contains(
            "full",
            (await Assert.ThrowsAsync<StoreUnavailableException>(() => store.Ping(Cancel))).Message,
            StringComparison.Ordinal);
        Assert.NotNull(await store.Load("before", Cancel));

        File.Delete(Path.Combine(_disk, "ballast"));
        await store.Ping(Cancel);
        Assert.Equal(
            WriteResult.Written, await store.Write(StoredSamples.Insert(StoredSamples.Plain("after")), Cancel));
    }

    /// <summary>Fills the disk to the last byte.</summary>
    private async Task Fill()
    {
        await using var ballast = new FileStream(
            Path.Combine(_disk, "ballast"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
        try
        {
            while (true)
            {
                await ballast.WriteAsync(new byte[4096], Cancel);
            }
        }
        catch (IOException)
        {
            // The disk is full.
        }
    }

    private static async Task<int> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }
}
