using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Import;
using Xunit;

#pragma warning disable CA1416 // The tests skip on Windows.

namespace OrleansDtm.WireTests.Security;

/// <summary>Stored payloads are readable only for the coordinator's user.</summary>
public sealed class FileModeTests : IDisposable
{
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-modes-");

    [Fact]
    public async Task The_store_its_log_and_its_new_folder_are_for_its_user_only_and_an_export_too()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var folder = Path.Combine(_home.FullName, "new", "data");
        var path = Path.Combine(folder, "dtm.db");
        await using (var store = new SqliteTransactionStore(
            new SqliteStoreOptions { Path = path }, TimeProvider.System, NullLogger<SqliteTransactionStore>.Instance))
        {
            await store.Start(TestContext.Current.CancellationToken);
            Assert.Equal(OwnFile | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            Assert.All(
                ["", "-wal", "-shm", ".lock"], suffix => Assert.Equal(OwnFile, File.GetUnixFileMode(path + suffix)));
        }

        foreach (var isThere in new[] { false, true })
        {
            var output = Path.Combine(_home.FullName, $"export-{isThere}.jsonl");
            if (isThere)
            {
                await File.WriteAllTextAsync(output, "former", TestContext.Current.CancellationToken);
                File.SetUnixFileMode(output, OwnFile | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }

            (await ServerCommand.Run("export", "--status=succeed", $"--out={output}", $"--Store:Path={path}")).Ends(0);
            Assert.Equal(OwnFile, File.GetUnixFileMode(output));
        }
    }

    /// <summary>An administrator may allow a backup group to read the files.</summary>
    [Fact]
    public async Task What_exists_keeps_its_mode()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        const UnixFileMode shared = OwnFile | UnixFileMode.GroupRead;
        var path = Path.Combine(_home.FullName, "dtm.db");
        await File.WriteAllBytesAsync(path, [], TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, shared);
        File.SetUnixFileMode(_home.FullName, shared | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        await using var store = new SqliteTransactionStore(
            new SqliteStoreOptions { Path = path }, TimeProvider.System, NullLogger<SqliteTransactionStore>.Instance);
        await store.Start(TestContext.Current.CancellationToken);

        Assert.Equal((shared, shared), (File.GetUnixFileMode(path), File.GetUnixFileMode(path + "-wal")));
        Assert.Equal(
            shared | UnixFileMode.UserExecute | UnixFileMode.GroupExecute, File.GetUnixFileMode(_home.FullName));
    }

    public void Dispose() => _home.Delete(recursive: true);
}
