using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security;

/// <summary>
/// A value that is loaded from files and reloaded when one changes, so keys and certificates are renewed without a
/// restart. Checks the files' times on access, at most once a second; file watchers miss the symbolic links of mounted
/// Secrets. If loading fails, the last value stays in force.
/// </summary>
internal sealed class ReloadedFiles<T>
    where T : class
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly string _setting;
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<IReadOnlyList<string>, T> _load;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private volatile T _value;
    private volatile LoadFailure? _failure;
    private string _stamp;
    private long _looked;

    /// <param name="setting">Named in errors.</param>
    /// <param name="paths">The files.</param>
    /// <param name="load">Loads the value; throws <see cref="InvalidDataException"/> or similar on failure.</param>
    /// <param name="code">Error code if they cannot be read at the start.</param>
    /// <exception cref="SettingsException">They cannot be read.</exception>
    public ReloadedFiles(
        string setting, IReadOnlyList<string> paths, Func<IReadOnlyList<string>, T> load, TimeProvider clock,
        ILogger? log, string code = "ODTM1001")
    {
        (_setting, _paths, _load, _clock, Log) = (setting, paths, load, clock, log ?? NullLogger.Instance);
        try
        {
            _stamp = Stamp();
            _value = load(paths);
            _looked = clock.GetTimestamp();
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            throw new SettingsException([$"{setting} '{string.Join("', '", paths)}': {e.Message} [{code}]"]);
        }
    }

    /// <summary>Logger for changes; may be set later.</summary>
    public ILogger Log { get; set; }

    public T Value
    {
        get
        {
            // While another thread checks, use the current value.
            if (_clock.GetElapsedTime(Volatile.Read(ref _looked)) >= LookInterval && _lock.TryEnter())
            {
                try
                {
                    Look();
                }
                finally
                {
                    _lock.Exit();
                }
            }

            return _value;
        }
    }

    /// <summary>Why the files are not in force; null = they are.</summary>
    public LoadFailure? Failure => _failure;

    /// <summary>The value of the files now, however recently they were checked.</summary>
    public T Renew()
    {
        lock (_lock)
        {
            Look();
        }

        return _value;
    }

    private static bool IsOfTheFile(Exception e) =>
        e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException
            or NotSupportedException or System.Security.Cryptography.CryptographicException;

    private void Look()
    {
        Volatile.Write(ref _looked, _clock.GetTimestamp());
        var stamp = "";
        try
        {
            stamp = Stamp();

            // After a failure it is tried again: a changed permission, or a
            // mount that is back, does not change the files.
            if (stamp == _stamp && _failure is null)
            {
                return;
            }

            _value = _load(_paths);
            (_stamp, _failure) = (stamp, null);
            Log.Reloaded(_setting);
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            var earlier = _failure;
            if (earlier?.Problem == e.Message && earlier.Stamp == stamp)
            {
                return;
            }

            _failure = new LoadFailure(e.Message, stamp, earlier?.Since ?? _clock.GetTimestamp());
            if (earlier?.Problem != e.Message)
            {
                Log.NotReloaded(_setting, e.Message); // Once, not every second.
            }
        }
    }

    private string Stamp() => string.Join('|', _paths.Select(static path =>
    {
        var file = new FileInfo(path);
        var target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        // A missing file has a stamp too.
        return $"{target.FullName}:{File.GetLastWriteTimeUtc(target.FullName).Ticks}:"
            + $"{(target.Exists ? (target as FileInfo)?.Length : null)}";
    }));
}

/// <summary>The files cannot be loaded. Another object for each change of the files.</summary>
/// <param name="Problem">May contain a path.</param>
/// <param name="Stamp">The state of the files.</param>
/// <param name="Since">A timestamp of the clock: the first failure since the files were in force.</param>
internal sealed record LoadFailure(string Problem, string Stamp, long Since);
