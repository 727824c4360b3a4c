using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Owns the <see cref="BranchService"/> of one service on this silo and registers it for the silo's transactions while
/// it is active. One activation per silo and service.
/// </summary>
[Reentrant]
[StatelessWorker(1)]
[KeepAlive] // It deactivates itself: Orleans sees only its first calls and would collect it during later ones.
internal sealed class BranchGrain(
    IBranchInvoker services,
    GrainBranchInvoker grains,
    TimeProvider clock,
    IOptions<DtmGrainOptions> options,
    CallLimits limits,
    BranchMetrics metrics,
    BranchServices open) : Grain, IBranchGrain
{
    /// <summary>A service without calls for one to two of these periods is removed.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);

    private BranchService _service = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _service = new BranchService(
            this.GetPrimaryKeyString(),
            services,
            grains,
            clock,
            options.Value.BranchCallsPerServiceMax,
            limits,
            metrics);
        open.Open(_service);
        this.RegisterGrainTimer(
            static (grain, _) => grain.EndWhenIdle(),
            this,
            new GrainTimerCreationOptions(Idle, Idle) { Interleave = true });
        return Task.CompletedTask;
    }

    /// <summary>Waits for calls in flight, so that a silo that stops still records their results.</summary>
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
