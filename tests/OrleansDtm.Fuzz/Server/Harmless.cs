using System.Text;
using System.Text.RegularExpressions;

namespace OrleansDtm.Fuzz.Server;

/// <summary>
/// Replaces every address in an input by that of the run's branch service, so that no input makes the coordinator call
/// another host.
/// </summary>
internal static partial class Harmless
{
    public static byte[] Of(byte[] input, string authority)
    {
        var text = Encoding.Latin1.GetString(input);
        text = Authority().Replace(text, $"$1{authority}");
        return Encoding.Latin1.GetBytes(GrpcHost().Replace(text, $"{authority}/"));
    }

    /// <summary>Matches the authority after ://, which JSON may contain as :\/\/ and a query as %3A%2F%2F.</summary>
    [GeneratedRegex("""((?::|%3a)(?:\\?/|%2f){2})[^/\\"'&\s\x00-\x20]*""", RegexOptions.IgnoreCase)]
    private static partial Regex Authority();

    /// <summary>Matches host:port/ of gRPC.</summary>
    [GeneratedRegex("""[\w.\-\[\]]+:\d{1,6}/""")]
    private static partial Regex GrpcHost();
}
