using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Keys;

/// <summary>
/// An API key, without its text. The text has 256 random bits, so its SHA-256 cannot be inverted, and a slow hash would
/// only cost time.
/// </summary>
/// <param name="Name">For logs, limits and the page.</param>
/// <param name="Role">The highest role.</param>
/// <param name="Hash">SHA-256 of its UTF-8 text, 32 bytes.</param>
/// <param name="NotAfter">Refused from this time on; null = never.</param>
/// <param name="RateMax">Requests a second; 0 = unlimited, null = the default.</param>
/// <param name="BytesMax">Bytes of a request body; null = the default.</param>
/// <param name="InFlightMax">Requests in flight in this process; 0 = unlimited, null = the default.</param>
/// <param name="UnfinishedMax">Unfinished transactions of this silo; 0 = unlimited, null = the default.</param>
internal sealed record ApiKey(
    string Name, Role Role, ReadOnlyMemory<byte> Hash, DateTimeOffset? NotAfter, int? RateMax = null,
    int? BytesMax = null, int? InFlightMax = null, int? UnfinishedMax = null)
{
    /// <summary>The namespaces that its requests may use; null = the role decides.</summary>
    public NamespaceGrant? Grant { get; init; }

    /// <summary>A shorter text cannot contain 256 random bits.</summary>
    public const int TextMin = 43;

    private const string Prefix = "odtm_";
    private const string HashPrefix = "sha256:";
    private const string PlainPrefix = "plain:";

    /// <summary>Creates a key. It is shown once and not stored.</summary>
    public static string New() => Prefix + Base64Url(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>The hash in the format of the settings.</summary>
    public static string Print(ReadOnlySpan<byte> hash) => HashPrefix + Convert.ToHexStringLower(hash);

    /// <summary>
    /// <c>name role sha256:hash [until=2027-01-31] [rate=100] [bytes=65536] [inflight=50] [unfinished=10000]
    /// [namespace=shop] [namespaces=shop,crm]</c>.
    /// In place of the hash <c>plain:key</c>, for orchestrators that generate the key.
    /// </summary>
    /// <param name="line">A line of the configuration.</param>
    /// <param name="problem">The error, without the hash; null = none.</param>
    public static ApiKey? Parse(string line, out string? problem)
    {
        var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3)
        {
            problem = "is not in the format 'name role sha256:hash' or 'name role plain:key'; "
                + "the command 'key' prints such lines";
            return null;
        }

        var hash = ReadHash(words[2]);
        problem = words[0].Length > 64 || words[0].Any(char.IsControl)
            ? "has a name longer than 64 characters, or with control characters"
            : RoleNames.Parse(words[1]) is null
            ? $"({words[0]}) has the role '{words[1]}'; write read, submit or admin (each includes the previous ones)"
            : hash is null
            ? $"({words[0]}) has no hash in the format sha256: and 64 hexadecimal digits; do not write the key itself "
                + $"(except as plain:key, with at least {TextMin} printable characters)"
            : null;
        var key = problem is null ? new ApiKey(words[0], RoleNames.Parse(words[1])!.Value, hash, null) : null;
        foreach (var word in words.AsSpan(3))
        {
            if (key is null)
            {
                break;
            }

            key = With(key, word, out problem);
        }

        return key;
    }

    /// <summary>Without the hash.</summary>
    public override string ToString() => $"{Name} {RoleNames.Of(Role)}";

    private static ApiKey? With(ApiKey key, string word, out string? problem)
    {
        var (name, value) = word.Split('=', 2) is [var n, var v] ? (n, v) : ("until", word);
        var changed = name switch
        {
            "until" when ReadMoment(value) is { } moment => key with { NotAfter = moment },
            "rate" when ReadWhole(value) is { } rate => key with { RateMax = rate },
            "bytes" when ReadWhole(value) is > 0 and var bytes => key with { BytesMax = bytes },
            "inflight" when ReadWhole(value) is { } calls => key with { InFlightMax = calls },
            "unfinished" when ReadWhole(value) is { } transactions => key with { UnfinishedMax = transactions },
            "namespace" when Namespaces.IsName(value) && key.Grant is null =>
                key with { Grant = NamespaceGrant.Of(value) },
            "namespaces" when key.Grant is null && NamespaceGrant.Parse(value) is { } grant =>
                key with { Grant = grant },
            _ => null,
        };
        problem = changed is null ? $"({key.Name}) has '{word}'; write until=2027-01-31 or until=2027-01-31T12:00Z, "
            + "rate=100 (a second), bytes=65536, inflight=50 (requests), unfinished=10000 (transactions), and one of "
            + "namespace=shop, namespaces=shop,crm, namespaces=*" : null;
        return changed;
    }

    private static int? ReadWhole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static byte[]? ReadHash(string text)
    {
        if (text.StartsWith(PlainPrefix, StringComparison.OrdinalIgnoreCase))
        {
            var key = text[PlainPrefix.Length..];
            return key.Length >= TextMin && key.All(static c => c is > ' ' and <= '~') ? HashOf(key) : null;
        }

        var hex = text.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase) ? text[HashPrefix.Length..] : text;
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : null;
    }

    private static DateTimeOffset? ReadMoment(string text) =>
        DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var moment)
            ? moment
            : null;

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
