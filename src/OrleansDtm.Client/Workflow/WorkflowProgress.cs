namespace OrleansDtm.Client;

/// <summary>The progress of a workflow, from the coordinator.</summary>
/// <param name="Status">Prepared while it is unfinished.</param>
/// <param name="Reason">The rollback reason.</param>
/// <param name="Result">Its result.</param>
/// <param name="Custom">Its name and input; null = unknown.</param>
/// <param name="Steps">The recorded steps.</param>
internal sealed record WorkflowProgress(
    GlobalStatus Status, string Reason, ReadOnlyMemory<byte> Result, (string Name, byte[] Input)? Custom,
    IReadOnlyList<RecordedStep> Steps)
{
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;
}

/// <summary>A recorded step, which is not run again.</summary>
/// <param name="BranchId">"01", "02", ...</param>
/// <param name="Op">action, commit, rollback, or business (of XA).</param>
/// <param name="Failed">It failed; the data is the reason.</param>
/// <param name="Data">Its result.</param>
internal sealed record RecordedStep(string BranchId, string Op, bool Failed, ReadOnlyMemory<byte> Data)
{
    private const string Succeed = "succeed";
    private const string Fail = "failed";

    public string Status => Failed ? Fail : Succeed;

    /// <returns>Null = in progress.</returns>
    public static RecordedStep? Of(string branchId, string op, string status, ReadOnlyMemory<byte> data) =>
        status is Succeed or Fail ? new RecordedStep(branchId, op, status == Fail, data) : null;
}
