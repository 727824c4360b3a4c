using System.Globalization;

namespace OrleansDtm.Faults.Load;

/// <summary>A client of one silo's API.</summary>
internal interface IDoor
{
    /// <summary>The silo's name.</summary>
    string Silo { get; }

    /// <param name="plan">The transaction.</param>
    /// <param name="word">See <see cref="Histories.Asked"/>.</param>
    /// <param name="wait">True = with wait_result.</param>
    Task<Heard> Say(TransactionPlan plan, string word, bool wait);
}

/// <summary>A response.</summary>
/// <param name="Code">
/// The HTTP status code, whatever the protocol; 0 = no response, or one that leaves the outcome unknown.
/// </param>
/// <param name="Text">The response's text.</param>
/// <param name="Progress">For a workflow: its status and the ids of its completed branches.</param>
internal sealed record Heard(int Code, string Text, Progress? Progress = null)
{
    /// <summary>True if the outcome is unknown; the request may then be repeated.</summary>
    public bool IsUnclear => Code is 0 or >= 500;
}

internal sealed record Progress(string Status, IReadOnlySet<string> Done);

/// <summary>The address of a transaction's branches.</summary>
/// <param name="Http">Host and port.</param>
/// <param name="Grpc">Host and port.</param>
internal sealed record BranchAddress(string Http, string Grpc)
{
    public string Url(TransactionPlan plan, string name) =>
        plan.Protocol == "grpc" ? $"{Grpc}/faults.Branch/{name}" : $"http://{Http}/{name}";

    public static string Id(int branch) => (branch + 1).ToString("00", CultureInfo.InvariantCulture);
}
