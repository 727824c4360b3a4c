using Microsoft.CodeAnalysis;

namespace OrleansDtm.Analyzers;

/// <summary>The rules; README.md explains them.</summary>
internal static class Rules
{
    public const string ClockId = "ODTMA001";
    public const string RandomId = "ODTMA002";
    public const string WaitId = "ODTMA003";
    public const string IoId = "ODTMA004";

    private const string Why =
        "After an interruption the code of a workflow runs again from the start. Recorded steps return their recorded "
        + "result; everything else runs again, and must do the same.";

    public static readonly DiagnosticDescriptor Clock = Rule(
        ClockId,
        "The clock is read outside a step",
        "'{0}' has another value when the workflow runs again. Read it in a step: workflow.DoAsync(...).");

    public static readonly DiagnosticDescriptor Random = Rule(
        RandomId,
        "Randomness outside a step",
        "'{0}' has another result when the workflow runs again. Create the value in a step: workflow.DoAsync(...).");

    public static readonly DiagnosticDescriptor Wait = Rule(
        WaitId,
        "A wait outside a step",
        "'{0}' waits again each time the workflow runs. Throw BranchOngoingException in a step, and the coordinator "
        + "resumes the workflow later.");

    public static readonly DiagnosticDescriptor Io = Rule(
        IoId,
        "I/O outside a step",
        "'{0}' runs again each time the workflow runs. Call it in a step: workflow.DoAsync(...), or use the HttpClient "
        + "of the workflow or branch.");

    private static DiagnosticDescriptor Rule(string id, string title, string message) => new(
        id,
        title,
        message,
        "Workflow",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        Why,
        "https://www.nuget.org/packages/OrleansDtm.Analyzers#readme-body-tab");
}
