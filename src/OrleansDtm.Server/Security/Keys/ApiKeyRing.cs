using System.Security.Cryptography;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Keys;

/// <summary>The valid keys: of the settings, and of the file, which is read again when it changes.</summary>
internal sealed class ApiKeyRing
{
    private readonly IReadOnlyList<ApiKey> _configured;
    private readonly ReloadedFiles<Dictionary<string, ApiKey>>? _file;
    private readonly Dictionary<string, ApiKey> _fixed;
    private readonly TimeProvider _clock;

    /// <exception cref="SettingsException">The file cannot be read, or contains an invalid line.</exception>
    public ApiKeyRing(SecurityOptions options, TimeProvider clock, ILogger<ApiKeyRing> log)
    {
        _clock = clock;
        _configured = options.Keys;
        _fixed = Index(_configured);
        if (options.KeysFile.Length > 0)
        {
            _file = new ReloadedFiles<Dictionary<string, ApiKey>>("Security:KeysFile", [options.KeysFile], Load, clock, log);
        }
    }

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
        if (!Current.TryGetValue(Id(hash), out var key) || !CryptographicOperations.FixedTimeEquals(key.Hash.Span, hash))
        {
            return null;
        }

        expired = key.NotAfter <= _clock.GetUtcNow();
        return expired ? null : key;
    }

    /// <summary>The key whose hash starts with this, valid or expired; null = none.</summary>
    public ApiKey? ById(string id) => Current.GetValueOrDefault(id);

    /// <summary>An identifier of a key that does not reveal its hash.</summary>
    public static string Id(ReadOnlySpan<byte> hash) => Convert.ToHexStringLower(hash[..8]);

    private Dictionary<string, ApiKey> Current => _file?.Value ?? _fixed;

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
            if (line.AsSpan().Trim() is [] or ['#', ..])
            {
                continue;
            }

            keys.Add(ApiKey.Parse(line, out var problem) ?? throw new InvalidDataException($"line {number} {problem}."));
        }

        return keys.Count > 0 ? Index(keys) : throw new InvalidDataException("it contains no key.");
    }
}
