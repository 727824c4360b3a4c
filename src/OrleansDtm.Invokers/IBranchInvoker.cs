using System.Diagnostics;
using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Calls a branch and says what came of it. Never throws for anything the service or the network does.</summary>
public interface IBranchInvoker
{
    /// <param name="call">Whom to call with what.</param>
    /// <param name="cancellationToken">Ends the call, at its timeout or because the process stops; the outcome is then Unknown.</param>
    Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken);
}

/// <summary>A call of a branch, independent of protocol.</summary>
public sealed record BranchInvocation
{
    public required string Gid { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>http, grpc or json-rpc.</summary>
    public required string Protocol { get; init; }

    public required string BranchId { get; init; }

    public required string Op { get; init; }

    /// <summary>Never empty.</summary>
    public required string Url { get; init; }

    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>
    /// What is left for the wait for a place and the call together. Told to branches whose protocol has a word for it; the call itself
    /// is ended by its token. Zero (default) = not told.
    /// </summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>1 for the first.</summary>
    public int Attempt { get; init; }

    /// <summary>Null = none. Of a trace context see <see cref="ToldTrace"/>.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>The transaction's, then this call's own. Told to the branch, unless <see cref="Headers"/> tell it otherwise; null = none.</summary>
    public TraceContext? Trace { get; init; }

    /// <summary>
    /// Which of the two contexts is told: <see cref="Headers"/>' own, or <see cref="Trace"/>. traceparent and tracestate go together: the
    /// state of one trace says nothing under the parent of another. Null = none.
    /// </summary>
    public TraceContext? ToldTrace => Header(CallSpans.Parent) is { } parent ? new TraceContext(parent, Header(CallSpans.State) ?? "") : Trace;

    /// <summary>The span of this call, for what only the protocol knows; null = nobody traces it.</summary>
    public Activity? Span { get; init; }

    /// <summary>It tells the submitter how the transaction ended. A workflow may be called "notice", but its calls have a branch id.</summary>
    public bool IsNotice => Op == "notice" && BranchId.Length == 0;

    private string? Header(string name) =>
        Headers?.FirstOrDefault(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Without what may be secret: Orleans puts it into log lines about messages that are slow or lost.</summary>
    public override string ToString() => $"{nameof(BranchInvocation)} {Gid} {BranchId} {Op}";
}
