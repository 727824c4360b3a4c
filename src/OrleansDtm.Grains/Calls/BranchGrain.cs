using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// One service as this silo calls it: one activation per silo and service, which owns the <see cref="BranchService"/> and lets it be found
/// by the transactions of the same silo as long as it lives.
/// </summary>
[Reentrant]
[StatelessWorker(1)]
[KeepAlive] // It ends itself: Orleans sees only its first calls, and would collect it beneath the others.
internal sealed class BranchGrain(
    IBranchInvoker services,
    GrainBranchInvoker grains,
    TimeProvider clock,
    IOptions<DtmGrainOptions> options,
    BranchMetrics metrics,
    BranchServices open) : Grain, IBranchGrain
{
    /// <summary>A service that is not called for this long, or up to twice as long, is forgotten.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);

    private BranchService _service = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _service = new BranchService(
            this.GetPrimaryKeyString(), services, grains, clock, options.Value.BranchCallsPerServiceMax, metrics);
        open.Open(_service);
        this.RegisterGrainTimer(static (grain, _) => grain.EndWhenIdle(), this, new GrainTimerCreationOptions(Idle, Idle) { Interleave = true });
        return Task.CompletedTask;
    }

    /// <summary>Waits for the calls under way, as Orleans does for those it knows: a silo that stops should still hear their answers.</summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        open.Close(_service);
        await _service.Ended(cancellationToken);
    }

    public Task<CallResult> Call(BranchInvocation call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return _service.Call(call);
    }

    private Task EndWhenIdle()
    {
        if (_service.WasIdle())
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
