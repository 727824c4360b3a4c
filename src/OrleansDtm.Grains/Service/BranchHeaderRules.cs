using System.Buffers;

namespace OrleansDtm.Grains.Service;

/// <summary>Which headers a submitter may add to the calls of branches.</summary>
internal static class BranchHeaderRules
{
    private const int CountMax = 64;
    private const int ValueMax = 8192;

    /// <summary>RFC 9110: the characters of a token.</summary>
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What a name of gRPC metadata is made of.</summary>
    private static readonly SearchValues<char> MetadataName =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Headers that frame the message: a value from outside would break or split the call.</summary>
    private static readonly HashSet<string> Framing = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    };

    /// <summary>The headers, if all can be sent; null = none.</summary>
    public static Dictionary<string, string>? Check(Dictionary<string, string?>? headers, string protocol)
    {
        if (headers is null || headers.Count == 0)
        {
            return null;
        }

        if (headers.Count > CountMax)
        {
            throw new RequestException("branch_headers", $"has more than {CountMax} headers");
        }

        var result = new Dictionary<string, string>(headers.Count);
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(protocol == "grpc" ? MetadataName : Token))
            {
                throw new RequestException("branch_headers", $"'{RequestValidator.Printable(name)}' is no header name");
            }

            if (Framing.Contains(name))
            {
                throw new RequestException("branch_headers", $"{name} belongs to the connection and cannot be set");
            }

            if (value is null || value.Length > ValueMax || value.Any(static c => c is not '\t' && char.IsControl(c)))
            {
                throw new RequestException("branch_headers", $"the value of {name} is null, longer than {ValueMax} characters, or holds a control character");
            }

            result[name] = value;
        }

        return result;
    }
}
