namespace OrleansDtm.Simulation.Defects;

/// <summary>
/// The deliberate faults, each with the checker that must find it (start of its name) and the maximum number of seeds.
/// </summary>
internal static class AllDefects
{
    public static IReadOnlyDictionary<string, (Func<Defect> Make, string Check, int Seeds)> Each { get; } =
        new SortedDictionary<string, (Func<Defect> Make, string Check, int Seeds)>(StringComparer.Ordinal)
        {
            [nameof(AnswersMixedUp)] = (static () => new AnswersMixedUp(), "24", 30),
            [nameof(AcknowledgedBeforeCommit)] = (static () => new AcknowledgedBeforeCommit(), "12", 30),
            [nameof(CallBeforeCommit)] = (static () => new CallBeforeCommit(), "12", 30),
            [nameof(CancelAfterRefusedConfirm)] = (static () => new CancelAfterRefusedConfirm(), "03", 150),
            [nameof(CompensationOrder)] = (static () => new CompensationOrder(), "05", 100),
            [nameof(DoubtTakenForSuccess)] = (static () => new DoubtTakenForSuccess(), "12", 30),
            [nameof(DueForgotten)] = (static () => new DueForgotten(), "01", 30),
            [nameof(EarlyTimer)] = (static () => new EarlyTimer(), "13 never early", 30),
            [nameof(EverybodyAlone)] = (static () => new EverybodyAlone(), "11", 300),
            [nameof(EverybodyHome)] = (static () => new EverybodyHome(), "20", 50),
            [nameof(LastTurnsLost)] = (static () => new LastTurnsLost(), "18", 200),
            [nameof(LeavingStaysHome)] = (static () => new LeavingStaysHome(), "19", 300),
            [nameof(LostRegistration)] = (static () => new LostRegistration(), "06", 50),
            [nameof(NobodySweeps)] = (static () => new NobodySweeps(), "01", 30),
            [nameof(NobodyWakes)] = (static () => new NobodyWakes(), "01", 30),
            [nameof(OrdersLost)] = (static () => new OrdersLost(), "05", 50),
            [nameof(OrphansForgotten)] = (static () => new OrphansForgotten(), "19", 100),
            [nameof(OrphansIgnored)] = (static () => new OrphansIgnored(), "21", 200),
            [nameof(OutageToldAsRefusal)] = (static () => new OutageToldAsRefusal(), "10", 30),
            [nameof(PatientParking)] = (static () => new PatientParking(), "23", 50),
            [nameof(PolicyLost)] = (static () => new PolicyLost(), "22", 30),
            [nameof(ResultsForgotten)] = (static () => new ResultsForgotten(), "24", 100),
            [nameof(RetryStorm)] = (static () => new RetryStorm(), "14", 200),
            [nameof(SilenceTakenForYes)] = (static () => new SilenceTakenForYes(), "08", 150),
            [nameof(SlowSweep)] = (static () => new SlowSweep(), "13 never late", 300),
            [nameof(StaleReads)] = (static () => new StaleReads(), "10", 100),
            [nameof(StartedForgotten)] = (static () => new StartedForgotten(), "04", 100),
            [nameof(StopInAHurry)] = (static () => new StopInAHurry(), "19", 300),
            [nameof(SubmitIgnored)] = (static () => new SubmitIgnored(), "17", 30),
            [nameof(SuccessToldEarly)] = (static () => new SuccessToldEarly(), "09", 30),
            [nameof(TurnsLost)] = (static () => new TurnsLost(), "01", 30),
            [nameof(TwoRunsOfOne)] = (static () => new TwoRunsOfOne(), "20", 50),
            [nameof(UnknownTakenForFailure)] = (static () => new UnknownTakenForFailure(), "16", 50),
            [nameof(UnknownTakenForSuccess)] = (static () => new UnknownTakenForSuccess(), "07", 100),
            [nameof(VersionIgnored)] = (static () => new VersionIgnored(), "02", 100),
            [nameof(WallClockTrusted)] = (static () => new WallClockTrusted(), "13 never early", 150),
        };
}
