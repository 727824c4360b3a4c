namespace OrleansDtm.Testing.Calls;

internal enum FaultKind
{
    /// <summary>The call is made.</summary>
    None = 0,
    Fails,
    AnswersOngoing,
    Refuses,
    TimesOut,
    LosesAnswer,
    DeliversTwice,
    ArrivesLate,
}

/// <summary>What happens to one call.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Text">The error or reason that the caller hears.</param>
/// <param name="Delay">Of a late call.</param>
/// <param name="Name">For the timeline.</param>
internal sealed record Fault(FaultKind Kind, string Text = "", TimeSpan Delay = default, string Name = "")
{
    public static Fault None { get; } = new(FaultKind.None);
}
