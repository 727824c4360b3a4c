using System.Globalization;
using System.Security.Cryptography;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Keys;

/// <summary>
/// The valid keys: of the settings, and of the file, which is read again when it changes. While the file cannot be
/// read, its last valid content stays in force for a grace period; then only what can be read of it does, so that
/// removed keys end.
/// </summary>
internal sealed class ApiKeyRing
{
    private readonly IReadOnlyList<ApiKey> _configured;
    private readonly string _path;
    private readonly ReloadedFiles<Dictionary<string, ApiKey>>? _file;
    private readonly Dictionary<string, ApiKey> _fixed;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _grace;
    private readonly ILogger _log;
    private volatile Partly? _partly;

    /// <exception cref="SettingsException">The file cannot be read, or contains an invalid line.</exception>
    public ApiKeyRing(SecurityOptions options, TimeProvider clock, ILogger<ApiKeyRing> log)
    {
        (_clock, _grace, _log) = (clock, options.KeysFileGrace, log);
        (_configured, _path) = (options.Keys, options.KeysFile);
        _fixed = Index(_configured);
        if (options.KeysFile.Length > 0)
        {
            _file = new ReloadedFiles<Dictionary<string, ApiKey>>(
                "Security:KeysFile", [options.KeysFile], Load, clock, log);
        }
    }

    /// <summary>What is wrong with the file, for probes: without its path; null = nothing.</summary>
    public string? Problem
    {
        get
        {
            _ = Current;
            if (_file?.Failure is not { } failure)
            {
                return null;
            }

            var left = _grace - _clock.GetElapsedTime(failure.Since);
            return left > TimeSpan.Zero
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"Security:KeysFile cannot be read; keys that were removed from it are valid for another "
                    + $"{Math.Ceiling(left.TotalSeconds)} s [ODTM4006]")
                : "Security:KeysFile cannot be read; only the keys on its valid lines are accepted [ODTM4006]";
        }
    }

    /// <summary>The keys that are accepted now, and those that have expired.</summary>
    public IReadOnlyCollection<ApiKey> All => Current.Values;

    /// <summary>No key is accepted now.</summary>
    public bool IsEmpty => Current.Count == 0;

    /// <summary>
    /// The key was on the last valid content of the file, and is not on a line that can be read now: it may be removed,
    /// or its line may be damaged.
    /// </summary>
    public bool IsUndecided(string text) =>
        text.Length is >= ApiKey.TextMin and <= 1024
        && ApiKey.HashOf(text) is var hash
        && FindUndecided(Id(hash)) is { } key
        && CryptographicOperations.FixedTimeEquals(key.Hash.Span, hash);

    /// <summary>The same for the identifier of a key.</summary>
    public bool IsUndecidedId(string id) => FindUndecided(id) is not null;

    /// <summary>The key with this text, if it is valid now.</summary>
    /// <param name="text">The presented key.</param>
    /// <param name="expired">It was valid until its expiry.</param>
    public ApiKey? Find(string text, out bool expired)
    {
        expired = false;
        if (text.Length is < ApiKey.TextMin or > 1024)
        {
            return null;
        }

        // A lookup by hash is safe: the hash of a guess does not help to find the hash of a key.
        var hash = ApiKey.HashOf(text);
        if (!Current.TryGetValue(Id(hash), out var key)
            || !CryptographicOperations.FixedTimeEquals(key.Hash.Span, hash))
        {
            return null;
        }

        expired = key.NotAfter <= _clock.GetUtcNow();
        return expired ? null : key;
    }

    /// <summary>The key with this identifier, if it is valid now.</summary>
    /// <param name="id">See <see cref="Id"/>; not a secret, so only what this server has encrypted may name it.</param>
    /// <param name="expired">It was valid until its expiry.</param>
    public ApiKey? FindById(string id, out bool expired)
    {
        var key = Current.GetValueOrDefault(id);
        expired = key?.NotAfter <= _clock.GetUtcNow();
        return expired ? null : key;
    }

    /// <summary>An identifier of a key that does not reveal its hash.</summary>
    public static string Id(ReadOnlySpan<byte> hash) => Convert.ToHexStringLower(hash[..8]);

    private ApiKey? FindUndecided(string id) =>
        _partly is { } partly && _file?.Failure == partly.Failure && !partly.Keys.ContainsKey(id)
            ? _file.Value.GetValueOrDefault(id)
            : null;

    private Dictionary<string, ApiKey> Current
    {
        get
        {
            if (_file is null)
            {
                return _fixed;
            }

            var keys = _file.Value;
            return _file.Failure is { } failure && _clock.GetElapsedTime(failure.Since) >= _grace
                ? Readable(failure)
                : keys;
        }
    }

    private Dictionary<string, ApiKey> Readable(LoadFailure failure)
    {
        if (_partly is { } known && known.Failure == failure)
        {
            return known.Keys;
        }

        var keys = new List<ApiKey>(_configured);
        try
        {
            keys.AddRange(
                File.ReadLines(_path).Where(IsEntry).Select(static line => ApiKey.Parse(line, out _)).OfType<ApiKey>());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing of it can be read.
        }

        if (_partly?.Failure.Since != failure.Since)
        {
            _log.KeysFileFailsClosed(_grace.TotalSeconds, keys.Count);
        }

        _partly = new Partly(failure, Index(keys));
        return _partly.Keys;
    }

    private static bool IsEntry(string line) => line.AsSpan().Trim() is not ([] or ['#', ..]);

    private static Dictionary<string, ApiKey> Index(IEnumerable<ApiKey> keys)
    {
        var index = new Dictionary<string, ApiKey>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            index[Id(key.Hash.Span)] = key;
        }

        return index;
    }

    private Dictionary<string, ApiKey> Load(IReadOnlyList<string> paths)
    {
        var keys = new List<ApiKey>(_configured);
        var number = 0;
        foreach (var line in File.ReadLines(paths[0]))
        {
            number++;
            if (IsEntry(line))
            {
                keys.Add(
                    ApiKey.Parse(line, out var problem) ?? throw new InvalidDataException($"line {number} {problem}."));
            }
        }

        return keys.Count > 0 ? Index(keys) : throw new InvalidDataException("it contains no key.");
    }

    /// <param name="Failure">Of this state of the file.</param>
    /// <param name="Keys">Those of the settings, and those that can be read.</param>
    private sealed record Partly(LoadFailure Failure, Dictionary<string, ApiKey> Keys);
}
