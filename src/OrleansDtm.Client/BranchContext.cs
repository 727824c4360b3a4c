using System.Diagnostics.CodeAnalysis;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Which call of which branch this is: the coordinator adds it to every call it makes. The same values come again when a call is
/// repeated. Safe for concurrent use.
/// </summary>
/// <param name="TransType">saga, msg, tcc, xa or workflow.</param>
/// <param name="Gid">The global transaction, 1 to 128 characters.</param>
/// <param name="BranchId">The branch within it: "01", "02", ..., "0101" for one nested in "01".</param>
/// <param name="Op">What is asked for: action, compensate, try, confirm, cancel, commit, rollback or msg (see <see cref="BranchOps"/>).</param>
public sealed record BranchContext(string TransType, string Gid, string BranchId, string Op)
{
    private readonly BarrierNumbers _barriers = new();

    private BranchContext(BranchContext original)
    {
        (TransType, Gid, BranchId, Op, Phase2Url) = (original.TransType, original.Gid, original.BranchId, original.Op, original.Phase2Url);
        _barriers = new BarrierNumbers(original._barriers);
    }

    /// <summary>
    /// Where the coordinator is to commit or roll back, in the first call of an XA branch, which registers it; null in any other call.
    /// </summary>
    public string? Phase2Url { get; init; }

    /// <summary>Reads the context of a call.</summary>
    /// <param name="valueOf">
    /// Gives the value of a name of the query string (gid, trans_type, branch_id, op, phase2_url), or null. gRPC metadata has the same
    /// names behind "dtm-".
    /// </param>
    /// <param name="context">Null when the result is false.</param>
    /// <returns>False: the call carries no complete identity, so it does not come from a coordinator.</returns>
    public static bool TryRead(Func<string, string?> valueOf, [NotNullWhen(true)] out BranchContext? context)
    {
        ArgumentNullException.ThrowIfNull(valueOf);
        var (type, gid) = (valueOf(BranchQuery.TransType), valueOf(BranchQuery.Gid));
        var (branch, op) = (valueOf(BranchQuery.BranchId), valueOf(BranchQuery.Op));
        var complete = !string.IsNullOrEmpty(type) && !string.IsNullOrEmpty(gid) && !string.IsNullOrEmpty(branch) && !string.IsNullOrEmpty(op);
        var phase2 = valueOf(BranchQuery.Phase2Url);
        context = complete ? new BranchContext(type!, gid!, branch!, op!) { Phase2Url = string.IsNullOrEmpty(phase2) ? null : phase2 } : null;
        return complete;
    }

    /// <summary>Reads the context of a call that must have one; the parameter is as in <see cref="TryRead"/>.</summary>
    /// <param name="valueOf">Gives the value of a name, or null.</param>
    /// <exception cref="FormatException">The call carries no complete identity.</exception>
    public static BranchContext Read(Func<string, string?> valueOf) => TryRead(valueOf, out var context)
        ? context
        : throw new FormatException("The call does not say gid, trans_type, branch_id and op: it does not come from a coordinator.");

    /// <summary>
    /// The barrier_id of the next barrier within this call: "01", "02", ... A repeated call starts at "01" again, so it meets the rows
    /// of the first one. Of a message's local transaction (op msg) always "01", the one that is asked for.
    /// </summary>
    public string NextBarrierId() => Op == BranchOps.Msg ? BranchBarrier.FirstBarrierId : _barriers.Take(surrounds: false).Id;

    /// <summary>For the flow of the caller's code and what it calls; to be given back when that comes to nothing.</summary>
    internal BarrierNumber TakeBarrier() => _barriers.Take(surrounds: true);

    /// <summary>Equal when they name the same call, whatever barriers were used.</summary>
    /// <param name="other">Null is equal to none.</param>
    public bool Equals(BranchContext? other) =>
        other is not null && (TransType, Gid, BranchId, Op, Phase2Url) == (other.TransType, other.Gid, other.BranchId, other.Op, other.Phase2Url);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(TransType, Gid, BranchId, Op, Phase2Url);
}
