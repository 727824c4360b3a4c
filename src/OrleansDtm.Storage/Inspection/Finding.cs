namespace OrleansDtm.Storage.Inspection;

/// <summary>The kind of a finding.</summary>
public enum FindingKind
{
    None = 0,

    /// <summary>As it should be.</summary>
    Good = 1,

    /// <summary>Worth knowing; a coordinator would start.</summary>
    Note = 2,

    /// <summary>A coordinator would not start, or could lose data.</summary>
    Problem = 3,
}

/// <param name="Kind">Its kind.</param>
/// <param name="Text">What was found and, for a problem, what to do.</param>
public sealed record Finding(FindingKind Kind, string Text)
{
    public static Finding Good(string text) => new(FindingKind.Good, text);

    public static Finding Note(string text) => new(FindingKind.Note, text);

    public static Finding Problem(string text) => new(FindingKind.Problem, text);
}
