namespace OrleansDtm.Client;

/// <summary>The code of a workflow.</summary>
/// <param name="Name">Unique in the application.</param>
/// <param name="Settings">How results of its steps are interpreted.</param>
/// <param name="Code">Takes and returns bytes, as they are stored.</param>
internal sealed record WorkflowRegistration(
    string Name, WorkflowSettings Settings,
    Func<Workflow, ReadOnlyMemory<byte>, DtmOptions, Task<ReadOnlyMemory<byte>>> Code);
