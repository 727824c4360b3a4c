namespace OrleansDtm.Simulation.Defects;

/// <summary>The deliberate faults, each with the seeds within which it must be found and the checkers that may be the first to see it.</summary>
internal static class AllDefects
{
    public static IReadOnlyDictionary<string, (Func<Defect> Make, int Seeds)> Each { get; } =
        new SortedDictionary<string, (Func<Defect> Make, int Seeds)>(StringComparer.Ordinal)
        {
            [nameof(AcknowledgedBeforeCommit)] = (static () => new AcknowledgedBeforeCommit(), 50),
            [nameof(CallBeforeCommit)] = (static () => new CallBeforeCommit(), 50),
            [nameof(CancelAfterRefusedConfirm)] = (static () => new CancelAfterRefusedConfirm(), 50),
            [nameof(CompensationOrder)] = (static () => new CompensationOrder(), 50),
            [nameof(DoubtTakenForSuccess)] = (static () => new DoubtTakenForSuccess(), 50),
            [nameof(DueForgotten)] = (static () => new DueForgotten(), 50),
            [nameof(EarlyTimer)] = (static () => new EarlyTimer(), 50),
            [nameof(EverybodyAlone)] = (static () => new EverybodyAlone(), 50),
            [nameof(LostRegistration)] = (static () => new LostRegistration(), 50),
            [nameof(NobodySweeps)] = (static () => new NobodySweeps(), 50),
            [nameof(NobodyWakes)] = (static () => new NobodyWakes(), 50),
            [nameof(OrdersLost)] = (static () => new OrdersLost(), 50),
            [nameof(OutageToldAsRefusal)] = (static () => new OutageToldAsRefusal(), 50),
            [nameof(RetryStorm)] = (static () => new RetryStorm(), 50),
            [nameof(StaleReads)] = (static () => new StaleReads(), 50),
            [nameof(StartedForgotten)] = (static () => new StartedForgotten(), 50),
            [nameof(SuccessToldEarly)] = (static () => new SuccessToldEarly(), 50),
            [nameof(UnknownTakenForFailure)] = (static () => new UnknownTakenForFailure(), 50),
            [nameof(UnknownTakenForSuccess)] = (static () => new UnknownTakenForSuccess(), 50),
            [nameof(VersionIgnored)] = (static () => new VersionIgnored(), 50),
            [nameof(WallClockTrusted)] = (static () => new WallClockTrusted(), 50),
        };
}
