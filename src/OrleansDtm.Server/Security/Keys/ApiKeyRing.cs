using System.Security.Cryptography;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Keys;

/// <summary>The keys that are valid now: those of the settings and those of the file, which is read again when it changes.</summary>
internal sealed class ApiKeyRing
{
    private readonly IReadOnlyList<ApiKey> _configured;
    private readonly ReloadedFiles<Dictionary<string, ApiKey>>? _file;
    private readonly Dictionary<string, ApiKey> _fixed;
    private readonly TimeProvider _clock;

    /// <exception cref="SettingsException">The file cannot be read, or holds what is no key.</exception>
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
    /// <param name="text">As it was presented.</param>
    /// <param name="expired">It was one until a while ago.</param>
    public ApiKey? Find(string text, out bool expired)
    {
        expired = false;
        if (text.Length is < ApiKey.TextMin or > 1024)
        {
            return null;
        }

        // The hash of a guess tells nothing about the hash of a key, so looking it up takes no time that does.
        var hash = ApiKey.HashOf(text);
        if (!Current.TryGetValue(Id(hash), out var key) || !CryptographicOperations.FixedTimeEquals(key.Hash.Span, hash))
        {
            return null;
        }

        expired = key.NotAfter <= _clock.GetUtcNow();
        return expired ? null : key;
    }

    /// <summary>The key whose hash begins so, valid or not; null = there is none.</summary>
    public ApiKey? ById(string id) => Current.GetValueOrDefault(id);

    /// <summary>Names a key without telling its hash.</summary>
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

        return keys.Count > 0 ? Index(keys) : throw new InvalidDataException("it holds no key.");
    }
}
