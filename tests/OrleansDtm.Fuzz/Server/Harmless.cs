using System.Text;
using System.Text.RegularExpressions;

namespace OrleansDtm.Fuzz.Server;

/// <summary>
/// Leads every address in an input to the branch service of the run: no input may make the coordinator call anybody
/// else.
/// </summary>
internal static partial class Harmless
{
    public static byte[] Of(byte[] input, string authority)
    {
        var text = Encoding.Latin1.GetString(input);
        text = Authority().Replace(text, $"$1{authority}");
        return Encoding.Latin1.GetBytes(GrpcHost().Replace(text, $"{authority}/"));
    }

    /// <summary>What follows ://, in JSON also written :\/\/, in a query %3A%2F%2F.</summary>
    [GeneratedRegex("""((?::|%3a)(?:\\?/|%2f){2})[^/\\"'&\s\x00-\x20]*""", RegexOptions.IgnoreCase)]
    private static partial Regex Authority();

    /// <summary>host:port/ of gRPC.</summary>
    [GeneratedRegex("""[\w.\-\[\]]+:\d{1,6}/""")]
    private static partial Regex GrpcHost();
}
