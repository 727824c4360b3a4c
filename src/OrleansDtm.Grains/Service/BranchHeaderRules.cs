using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansDtm.Invokers;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Service;

/// <summary>Validates the headers that a submitter adds to branch calls.</summary>
internal static partial class BranchHeaderRules
{
    private const int CountMax = 64;
    private const int ValueMax = 8192;

    /// <summary>The characters of an HTTP header name (RFC 9110, token).</summary>
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The characters of a gRPC metadata name.</summary>
    private static readonly SearchValues<char> MetadataName =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>
    /// Returns the headers to send; null = none. Connection headers and headers without a value are omitted.
    /// </summary>
    /// <exception cref="RequestException">A header is invalid, or a Host may not be called.</exception>
    public static Dictionary<string, string>? Check(
        Dictionary<string, string?>? headers, string protocol, BranchTargets targets, ILogger log,
        string field = "branch_headers")
    {
        if (headers is null || headers.Count == 0)
        {
            return null;
        }

        if (headers.Count > CountMax)
        {
            throw new RequestException(field, $"has more than {CountMax} headers");
        }

        var result = new Dictionary<string, string>(headers.Count);
        foreach (var (name, value) in headers)
        {
            if (TagRules.IsHeader(name))
            {
                continue; // It is for the coordinator.
            }

            if (name.Equals(NamespaceHeader.Name, StringComparison.OrdinalIgnoreCase))
            {
                throw new RequestException(
                    field,
                    $"{NamespaceHeader.Name} is set by the coordinator; send it as a header of the request to use a "
                    + "namespace");
            }

            if (value is null || ConnectionHeaders.Contains(name))
            {
                LeftOut(log, RequestValidator.Printable(name));
                continue;
            }

            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(protocol == "grpc" ? MetadataName : Token))
            {
                throw new RequestException(
                    field, $"'{RequestValidator.Printable(name)}' is not a valid header name");
            }

            if (value.Length > ValueMax || value.Any(static c => c is not '\t' && char.IsControl(c)))
            {
                throw new RequestException(
                    field,
                    $"the value of {name} is longer than {ValueMax} characters or contains a control character");
            }

            var isHost = name.Equals("Host", StringComparison.OrdinalIgnoreCase);
            if (isHost && result.Keys.Any(static other => other.Equals("Host", StringComparison.OrdinalIgnoreCase)))
            {
                throw new RequestException(field, "Host is given twice");
            }

            if (isHost && targets.FindHostProblem(value) is { } denied)
            {
                throw new RequestException(
                    field, $"Host '{RequestValidator.Printable(value)}' may not be sent: {denied}");
            }

            result[name] = value;
        }

        return result.Count == 0 ? null : result;
    }

    [LoggerMessage(
        30, LogLevel.Debug, "The branch header {Name} is omitted; it is a connection header or has no value")]
    private static partial void LeftOut(ILogger log, string name);
}
