using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Service;

/// <summary>Which headers a submitter may add to the calls of branches.</summary>
internal static partial class BranchHeaderRules
{
    private const int CountMax = 64;
    private const int ValueMax = 8192;

    /// <summary>RFC 9110: the characters of a token.</summary>
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What a name of gRPC metadata is made of.</summary>
    private static readonly SearchValues<char> MetadataName =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The headers that can be sent; null = none. Those of the connection, and those without a value, are left out.</summary>
    /// <exception cref="RequestException">One of them is no header, or a Host that may not be called.</exception>
    public static Dictionary<string, string>? Check(Dictionary<string, string?>? headers, string protocol, BranchTargets targets, ILogger log)
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
            if (value is null || ConnectionHeaders.Contains(name))
            {
                LeftOut(log, RequestValidator.Printable(name));
                continue;
            }

            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(protocol == "grpc" ? MetadataName : Token))
            {
                throw new RequestException("branch_headers", $"'{RequestValidator.Printable(name)}' is no header name");
            }

            if (value.Length > ValueMax || value.Any(static c => c is not '\t' && char.IsControl(c)))
            {
                throw new RequestException("branch_headers", $"the value of {name} is longer than {ValueMax} characters or holds a control character");
            }

            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && targets.FindHostProblem(value) is { } denied)
            {
                throw new RequestException("branch_headers", $"Host '{RequestValidator.Printable(value)}' may not be sent: {denied}");
            }

            result[name] = value;
        }

        return result.Count == 0 ? null : result;
    }

    [LoggerMessage(30, LogLevel.Debug, "branch_headers: {Name} is left out; it belongs to a connection or has no value")]
    private static partial void LeftOut(ILogger log, string name);
}
