namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// All checkers, by the number of their invariant. A simulation cannot check 15, compatibility on the wire.
/// </summary>
internal static class AllChecks
{
    public static IReadOnlyList<Check> Each { get; } =
    [
        new EndCheck(),
        new EdgeCheck(),
        new BothWaysCheck(),
        new SagaCheck(),
        new OrderCheck(),
        new RegistrationCheck(),
        new BalanceCheck(),
        new MessageCheck(),
        new WaitCheck(),
        new RepetitionCheck(),
        new SingleWriterCheck(),
        new DurabilityCheck(),
        new TimerCheck(),
        new LatenessCheck(),
        new IsolationCheck(),
        new CauseCheck(),
        new OptionsCheck(),
        new MemoryCheck(),
        new StopCheck(),
        new HomeCheck(),
        new OvertakingCheck(),
        new PolicyCheck(),
        new ParkedCheck(),
        new ResultCheck(),
    ];
}
