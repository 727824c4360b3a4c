using Microsoft.Data.Sqlite;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>Examines a SQLite store without changing it, also while a coordinator has it open.</summary>
internal static class SqliteInspection
{
    private const long FreeBytesMin = 1L << 30;

    /// <summary>Never throws for what it finds.</summary>
    public static IReadOnlyList<Finding> Look(SqliteStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = Path.GetFullPath(options.Path);
        var folder = Path.GetDirectoryName(path)!;
        var findings = new List<Finding> { Folder(folder) };
        if (Directory.Exists(folder))
        {
            findings.Add(Space(folder));
        }

        if (!File.Exists(path))
        {
            findings.Add(Finding.Note($"'{path}' does not exist; the first start creates it"));
            return findings;
        }

        findings.Add(Lock(path));
        if (Unwritable(path) is { } unwritable)
        {
            findings.Add(unwritable); // SQLite would open it read-only without an error.
        }

        try
        {
            using var connection = SqliteDatabase.Open(path, options, isReader: true);
            findings.Add(Schemas.Judge(SqliteDriver.DriverName, Schemas.Read(connection, SqliteDatabase.IsNoTable)));
        }
        catch (SqliteException e)
        {
            findings.Add(Finding.Problem($"'{path}' cannot be read: {e.Message}. Make it readable and writable, or "
                + "restore a backup"));
        }

        return findings;
    }

    private static Finding Folder(string folder)
    {
        var existing = folder;
        while (existing is not null && !Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing);
        }

        try
        {
            // Only an attempt gives the answer on every file system and for every user.
            using var probe = new FileStream(
                Path.Combine(existing ?? folder, $".orleansdtm-{Guid.NewGuid():N}"),
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose);
            return Finding.Good($"the folder {folder} is writable");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem($"the folder {folder} is not writable: {e.Message} Make it writable, or choose "
                + "another with Store:Path");
        }
    }

    private static Finding Space(string folder)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        return free < FreeBytesMin
            ? Finding.Problem($"only {free >> 20} MiB are free below {folder}: free some space, or choose another "
                + "disk with Store:Path")
            : Finding.Good($"{free >> 30} GiB are free below {folder}");
    }

    /// <summary>Null = it is writable.</summary>
    private static Finding? Unwritable(string path)
    {
        try
        {
            using var probe = new FileStream(
                path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem($"'{path}' is not writable: {e.Message} Give it to the coordinator's user");
        }
    }

    private static Finding Lock(string path)
    {
        try
        {
            if (File.Exists(path + ".lock"))
            {
                using var probe = new FileStream(path + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }

            return Finding.Good("no other process coordinates from this file");
        }
        catch (UnauthorizedAccessException e)
        {
            return Finding.Problem($"'{path}.lock' is not writable: {e.Message} Give it to the coordinator's user");
        }
        catch (IOException)
        {
            return Finding.Note("a coordinator has this file open; a second one would not start");
        }
    }
}
