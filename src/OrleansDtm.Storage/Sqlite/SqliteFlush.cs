using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>
/// Flushes SQLite's write-ahead log after a commit instead of SQLite. SQLite calls fsync, which also writes the inode
/// of the log, although its size rarely changes; fdatasync does not, and costs a third less. A commit is therefore
/// visible to readers of this process shortly before it is durable; the writer gets its result after that.
/// </summary>
internal sealed class SqliteFlush(string database) : IDisposable
{
    private const int Interrupted = 4;

    private SafeFileHandle? _log;

    /// <summary>On other systems SQLite flushes.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>
    /// Returns when all commits are on the disk. The log stays the same file while a connection is open, and SQLite has
    /// no locks on it: closing a handle of a file would release all locks of the process on that file.
    /// </summary>
    /// <exception cref="IOException">The commits may be on the disk or not.</exception>
    public void Run()
    {
        try
        {
            _log ??= File.OpenHandle(
                database + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }

        while (DataSync(_log) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"Cannot flush '{database}-wal' to disk.", new Win32Exception(error));
            }
        }
    }

    public void Dispose() => _log?.Dispose();

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int DataSync(SafeFileHandle file);
}
