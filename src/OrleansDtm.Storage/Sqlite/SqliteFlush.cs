using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>
/// Flushes SQLite's write-ahead log after a commit, in SQLite's stead. The library is built to call fsync, which writes the file's
/// inode as well, for a log whose size seldom changes; fdatasync does not, and costs a third less. A commit is therefore visible to
/// this process's readers a moment before it is durable; who waits for the write is answered after.
/// </summary>
internal sealed class SqliteFlush(string database) : IDisposable
{
    private const int Interrupted = 4;

    private SafeFileHandle? _log;

    /// <summary>Elsewhere SQLite flushes, as it does everywhere by itself.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>
    /// Ends when all that was committed is on the disk. The log stays the same file while a connection is open, and SQLite keeps its
    /// locks elsewhere: closing one handle of a file would drop all locks the process holds on it.
    /// </summary>
    /// <exception cref="IOException">It may be there or not.</exception>
    public void Run()
    {
        try
        {
            _log ??= File.OpenHandle(database + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
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
