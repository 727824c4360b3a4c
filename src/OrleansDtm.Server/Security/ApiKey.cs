using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Server.Security;

/// <summary>
/// What is known of a key. The key itself is not: it holds 256 random bits, so its SHA-256 tells nothing about it, and a slow hash would
/// only slow down us.
/// </summary>
/// <param name="Name">For logs, limits and the page.</param>
/// <param name="Role">The highest it has.</param>
/// <param name="Hash">SHA-256 of its UTF-8 text, 32 bytes.</param>
/// <param name="NotAfter">From then on it is refused; null = never.</param>
internal sealed record ApiKey(string Name, Role Role, ReadOnlyMemory<byte> Hash, DateTimeOffset? NotAfter)
{
    /// <summary>A shorter text cannot hold 256 bits, whoever thought it up.</summary>
    public const int TextMin = 43;

    private const string Prefix = "odtm_";
    private const string HashPrefix = "sha256:";

    /// <summary>A fresh key. It is shown once and kept nowhere.</summary>
    public static string New() => Prefix + Base64Url(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>The hash as settings have it.</summary>
    public static string Print(ReadOnlySpan<byte> hash) => HashPrefix + Convert.ToHexStringLower(hash);

    /// <summary><c>name role sha256:hash [not-after]</c></summary>
    /// <param name="line">As it was configured.</param>
    /// <param name="problem">What is wrong, without the hash; null = nothing.</param>
    public static ApiKey? Parse(string line, out string? problem)
    {
        var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        problem = null;
        if (words.Length is < 3 or > 4)
        {
            problem = "is not written 'name role sha256:hash' with a date after it if the key is to end; the command 'key' makes such lines";
            return null;
        }

        if (words[0].Length > 64 || words[0].Any(static c => char.IsControl(c)))
        {
            problem = "has a name longer than 64 characters, or with control characters";
        }
        else if (RoleNames.Parse(words[1]) is null)
        {
            problem = $"({words[0]}) has the role '{words[1]}'; write read, submit or admin, each of which includes those before it";
        }
        else if (ReadHash(words[2]) is null)
        {
            problem = $"({words[0]}) has no hash of the form sha256: and 64 hexadecimal digits; the key itself does not belong here";
        }
        else if (words.Length == 4 && ReadMoment(words[3]) is null)
        {
            problem = $"({words[0]}) ends at '{words[3]}'; write a date or a moment as in 2027-01-31 or 2027-01-31T12:00Z";
        }

        return problem is null
            ? new ApiKey(words[0], RoleNames.Parse(words[1])!.Value, ReadHash(words[2]), words.Length == 4 ? ReadMoment(words[3]) : null)
            : null;
    }

    /// <summary>Without the hash.</summary>
    public override string ToString() => $"{Name} {RoleNames.Of(Role)}";

    private static byte[]? ReadHash(string text)
    {
        var hex = text.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase) ? text[HashPrefix.Length..] : text;
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : null;
    }

    private static DateTimeOffset? ReadMoment(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : null;

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
