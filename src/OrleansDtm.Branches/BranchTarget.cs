using OrleansDtm.Abstractions;

namespace OrleansDtm.Branches;

/// <summary>Receives the branch calls of an activation. Runs on the grain's own turns.</summary>
internal sealed class BranchTarget(IGrainContext activation, BranchGrains registered) : IBranchTarget
{
    public Task<BranchResult> Call(
        string grain, string method, ReadOnlyMemory<byte> payload, BranchContext context,
        CancellationToken cancellationToken) =>
        BranchTracing.IsOn
            ? CallTraced(grain, method, payload, context, cancellationToken)
            : Find(grain, method, payload, context, cancellationToken);

    private async Task<BranchResult> CallTraced(
        string grain, string method, ReadOnlyMemory<byte> payload, BranchContext context,
        CancellationToken cancellationToken)
    {
        using var span = BranchTracing.Start(grain, method, context);
        var result = await Find(grain, method, payload, context, cancellationToken);
        if (span is not null)
        {
            BranchTracing.End(span, result);
        }

        return result;
    }

    private Task<BranchResult> Find(
        string grain, string method, ReadOnlyMemory<byte> payload, BranchContext context,
        CancellationToken cancellationToken)
    {
        // Only registered methods can be called, and only on grains that they are registered for.
        var found = registered.Find(grain);
        if (found is null || !found.Type.IsInstanceOfType(activation.GrainInstance))
        {
            return Task.FromResult(BranchMethod.Unknown(
                $"the silo {activation.Address.SiloAddress} has no {grain} registered with AddBranchGrain"));
        }

        return found.Find(method) is { } branch
            ? branch.Call(activation.GrainInstance!, payload, context, cancellationToken)
            : Task.FromResult(BranchMethod.Unknown($"{grain} has no method {method} that may be a branch"));
    }
}
