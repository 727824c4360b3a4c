namespace OrleansDtm.Client;

/// <summary>The code of a workflow.</summary>
/// <param name="Name">Unique in the application.</param>
/// <param name="Settings">How its steps are judged.</param>
/// <param name="Code">Takes and gives bytes, as they are stored.</param>
internal sealed record WorkflowRegistration(
    string Name, WorkflowSettings Settings, Func<Workflow, ReadOnlyMemory<byte>, DtmOptions, Task<ReadOnlyMemory<byte>>> Code);
