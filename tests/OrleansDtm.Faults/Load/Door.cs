using System.Globalization;

namespace OrleansDtm.Faults.Load;

/// <summary>A silo's API as a client meets it.</summary>
internal interface IDoor
{
    /// <summary>Of the silo.</summary>
    string Silo { get; }

    /// <param name="plan">Which transaction.</param>
    /// <param name="word">See <see cref="Histories.Asked"/>.</param>
    /// <param name="wait">With wait_result.</param>
    Task<Heard> Say(TransactionPlan plan, string word, bool wait);
}

/// <summary>An answer.</summary>
/// <param name="Code">As over HTTP; 0 = none, or none that tells whether it was done.</param>
/// <param name="Text">What it says.</param>
/// <param name="Progress">Of a workflow: its status, and the ids of the branches that are done.</param>
internal sealed record Heard(int Code, string Text, Progress? Progress = null)
{
    /// <summary>Nothing is known: it may be asked again.</summary>
    public bool IsUnclear => Code is 0 or >= 500;
}

internal sealed record Progress(string Status, IReadOnlySet<string> Done);

/// <summary>Where the branches of a transaction are.</summary>
/// <param name="Http">Host and port.</param>
/// <param name="Grpc">Host and port.</param>
internal sealed record BranchAddress(string Http, string Grpc)
{
    public string Url(TransactionPlan plan, string name) =>
        plan.Protocol == "grpc" ? $"{Grpc}/faults.Branch/{name}" : $"http://{Http}/{name}";

    public static string Id(int branch) => (branch + 1).ToString("00", CultureInfo.InvariantCulture);
}
