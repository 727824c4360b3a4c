namespace OrleansDtm.Client;

/// <summary>How far a workflow has come, as the coordinator knows it.</summary>
/// <param name="Status">Prepared while it has not ended.</param>
/// <param name="Reason">Why it was rolled back.</param>
/// <param name="Result">What it returned.</param>
/// <param name="Custom">The name and input it was begun with; null = the coordinator does not tell.</param>
/// <param name="Steps">What was recorded.</param>
internal sealed record WorkflowProgress(
    GlobalStatus Status, string Reason, ReadOnlyMemory<byte> Result, (string Name, byte[] Input)? Custom, IReadOnlyList<RecordedStep> Steps)
{
    public bool HasEnded => Status is GlobalStatus.Succeeded or GlobalStatus.Failed;
}

/// <summary>A step that is done and never done again.</summary>
/// <param name="BranchId">"01", "02", ...</param>
/// <param name="Op">action, commit, rollback, or business (of XA).</param>
/// <param name="Failed">It was refused; the data is why.</param>
/// <param name="Data">Its result.</param>
internal sealed record RecordedStep(string BranchId, string Op, bool Failed, ReadOnlyMemory<byte> Data)
{
    private const string Succeed = "succeed";
    private const string Fail = "failed";

    public string Status => Failed ? Fail : Succeed;

    /// <returns>Null = neither done nor refused.</returns>
    public static RecordedStep? Of(string branchId, string op, string status, ReadOnlyMemory<byte> data) =>
        status is Succeed or Fail ? new RecordedStep(branchId, op, status == Fail, data) : null;
}
