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
    private string _stamp;
    private long _looked;

    /// <param name="setting">Named in errors.</param>
    /// <param name="paths">The files.</param>
    /// <param name="load">Loads the value; throws <see cref="InvalidDataException"/> or similar on failure.</param>
    /// <param name="code">Error code if they cannot be read at the start.</param>
    /// <exception cref="SettingsException">They cannot be read.</exception>
    public ReloadedFiles(string setting, IReadOnlyList<string> paths, Func<IReadOnlyList<string>, T> load, TimeProvider clock, ILogger? log, string code = "ODTM1001")
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

    private static bool IsOfTheFile(Exception e) =>
        e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or NotSupportedException
            or System.Security.Cryptography.CryptographicException;

    private void Look()
    {
        Volatile.Write(ref _looked, _clock.GetTimestamp());
        try
        {
            var stamp = Stamp();
            if (stamp == _stamp)
            {
                return;
            }

            _stamp = stamp; // Before loading, so that an error is logged once, not every second.
            _value = _load(_paths);
            Log.Reloaded(_setting);
        }
        catch (Exception e) when (IsOfTheFile(e))
        {
            Log.NotReloaded(_setting, e.Message);
        }
    }

    private string Stamp() => string.Join('|', _paths.Select(static path =>
    {
        var file = new FileInfo(path);
        var target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        return $"{target.FullName}:{File.GetLastWriteTimeUtc(target.FullName).Ticks}:{(target.Exists ? (target as FileInfo)?.Length : null)}"; // A missing file has a stamp too.
    }));
}
