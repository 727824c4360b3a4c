using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;

namespace OrleansDtm.Grains.Service;

/// <summary>Conditions of a listing that no index answers: rows are read and tested one by one.</summary>
/// <param name="Host">A call goes to this host, or host and port, in lower case; null = any.</param>
/// <param name="Error">The last error of a call contains this text, ignoring case; null = any.</param>
/// <param name="Shown">An error as the caller sees it: a search must not find what it hides. Null = unchanged.</param>
/// <param name="Reason">Why the transaction has not ended; null = any.</param>
/// <param name="Now">The reason is seen from this time.</param>
public sealed record ListScan(
    string? Host,
    string? Error,
    Func<string, string>? Shown = null,
    WaitReason? Reason = null,
    DateTimeOffset Now = default)
{
    /// <summary>The maximum length of both texts, in characters.</summary>
    public const int TextMax = 256;

    /// <summary>Returns true if the transaction matches.</summary>
    public bool Matches(Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return (Reason is null || Waiting.Of(transaction, Now)?.Reason == Reason)
            && (Host is null || Calls(transaction).Any(call => IsHost(call.Definition.Url)))
            && (Error is null || Calls(transaction).Any(call => call.LastError is { } error && IsError(error)));
    }

    /// <summary>Returns true if the call alone matches.</summary>
    public bool Matches(BranchOp call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return (Host is null || IsHost(call.Definition.Url))
            && (Error is null || (call.LastError is { } error && IsError(error)));
    }

    private bool IsError(string error) =>
        (Shown?.Invoke(error) ?? error).Contains(Error!, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<BranchOp> Calls(Transaction transaction) =>
        transaction.Query is { } query ? transaction.Branches.Append(query) : transaction.Branches;

    private bool IsHost(string url)
    {
        if (url.Length == 0)
        {
            return false;
        }

        var service = GrainBranchCaller.ServiceOf(url);
        return service.Equals(Host, StringComparison.OrdinalIgnoreCase)
            || (service.LastIndexOf(':') is > 0 and var colon
                && service.AsSpan(0, colon).Equals(Host, StringComparison.OrdinalIgnoreCase));
    }
}
