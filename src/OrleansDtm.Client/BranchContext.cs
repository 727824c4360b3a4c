using System.Diagnostics.CodeAnalysis;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Identifies a branch call. The coordinator sends it with every call, and the same values when a call is repeated.
/// Thread-safe.
/// </summary>
/// <param name="TransType">saga, msg, tcc, xa or workflow.</param>
/// <param name="Gid">The global transaction, 1 to 128 characters.</param>
/// <param name="BranchId">The branch id: "01", "02", ..., "0101" for one nested in "01".</param>
/// <param name="Op">action, compensate, try, confirm, cancel, commit, rollback or msg (see
/// <see cref="BranchOps"/>).</param>
public sealed record BranchContext(string TransType, string Gid, string BranchId, string Op)
{
    /// <summary>No gid contains this character.</summary>
    private const char Mark = '\u001f';
    private const char MarkEnd = ':';

    private readonly BarrierNumbers _barriers = new();

    private BranchContext(BranchContext original)
    {
        (TransType, Gid, BranchId, Op, Phase2Url, Namespace) =
            (original.TransType, original.Gid, original.BranchId, original.Op, original.Phase2Url, original.Namespace);
        _barriers = new BarrierNumbers(original._barriers);
    }

    /// <summary>
    /// The URL for commit and rollback, in the first call of an XA branch, which registers it; null in any other call.
    /// </summary>
    public string? Phase2Url { get; init; }

    /// <summary>
    /// The namespace of the transaction; empty = the default one. The same gid may exist in several namespaces. The
    /// barrier distinguishes them.
    /// </summary>
    public string Namespace { get; init; } = "";

    /// <summary>The gid in barriers and xids: unique among all namespaces, and in the default one the gid.</summary>
    internal string UniqueGid => Namespace.Length == 0 ? Gid : $"{Mark}{Namespace}{MarkEnd}{Gid}";

    /// <summary>The gid of <see cref="UniqueGid"/>.</summary>
    internal static string ToldGid(string unique) =>
        unique is [Mark, ..] && unique.IndexOf(MarkEnd, StringComparison.Ordinal) is > 0 and var end
            ? unique[(end + 1)..]
            : unique;

    /// <summary>Reads the context of a call.</summary>
    /// <param name="valueOf">Returns the value of a query name (gid, trans_type, branch_id, op, phase2_url), or of the
    /// header x-dtm-namespace, or null. gRPC metadata has the same names, the former with the prefix "dtm-".</param>
    /// <param name="context">Null when the result is false.</param>
    /// <returns>False: the call has no complete identity, so it does not come from a coordinator.</returns>
    public static bool TryRead(Func<string, string?> valueOf, [NotNullWhen(true)] out BranchContext? context)
    {
        ArgumentNullException.ThrowIfNull(valueOf);
        var (type, gid) = (valueOf(BranchQuery.TransType), valueOf(BranchQuery.Gid));
        var (branch, op) = (valueOf(BranchQuery.BranchId), valueOf(BranchQuery.Op));
        var complete = !string.IsNullOrEmpty(type)
            && !string.IsNullOrEmpty(gid)
            && !string.IsNullOrEmpty(branch)
            && !string.IsNullOrEmpty(op);
        var phase2 = valueOf(BranchQuery.Phase2Url);
        context = complete
            ? new BranchContext(type!, gid!, branch!, op!)
            {
                Phase2Url = string.IsNullOrEmpty(phase2) ? null : phase2,
                Namespace = valueOf(NamespaceHeader.Name) ?? "",
            }
            : null;
        return complete;
    }

    /// <summary>Reads the context of a call; throws if it is incomplete.</summary>
    /// <param name="valueOf">As in <see cref="TryRead"/>.</param>
    /// <exception cref="FormatException">The call has no complete identity.</exception>
    public static BranchContext Read(Func<string, string?> valueOf) => TryRead(valueOf, out var context)
        ? context
        : throw new FormatException(
            "The call has no gid, trans_type, branch_id and op: it does not come from a coordinator.");

    /// <summary>
    /// The barrier_id of the next barrier of this call: "01", "02", ... A repeated call starts with "01" again, so it
    /// finds the rows of the first one. For a message's local transaction (op msg) always "01", which query_prepared
    /// checks.
    /// </summary>
    public string NextBarrierId() =>
        Op == BranchOps.Msg ? BranchBarrier.FirstBarrierId : _barriers.Take(surrounds: false).Id;

    /// <summary>For the current async flow; return it if the barrier fails.</summary>
    internal BarrierNumber TakeBarrier() => _barriers.Take(surrounds: true);

    /// <summary>Equal if they identify the same call, whatever barriers were used.</summary>
    /// <param name="other">Null is equal to none.</param>
    public bool Equals(BranchContext? other) =>
        other is not null && (TransType, Gid, BranchId, Op, Phase2Url, Namespace) == (
            other.TransType, other.Gid, other.BranchId, other.Op, other.Phase2Url, other.Namespace);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(
        TransType, Gid, BranchId, Op, Phase2Url, Namespace);
}
