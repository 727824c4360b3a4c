using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>How to reach the coordinator.</summary>
public sealed class DtmOptions
{
    /// <summary>
    /// The coordinator's HTTP address, any DTM-compatible one. Not used over gRPC. Default: http://localhost:36789.
    /// </summary>
    public Uri Server { get; set; } = new("http://localhost:36789");

    /// <summary>
    /// The API key, or the token, that the coordinator asks for; sent as <c>Authorization: Bearer</c>, over gRPC too, and to nobody else. Null
    /// (default) = none. For one that changes add a handler to the HTTP client <see cref="DtmHttpClients.Coordinator"/>.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>How long the coordinator may take to answer what it need not wait for. Default: 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to answer a submit that waits for the result. Default: 60 s.</summary>
    public TimeSpan WaitTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a participant may take for a call made from here: the try of a TCC, the action of an XA branch. Default: 10 s.</summary>
    public TimeSpan BranchTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Where the coordinator finds the workflows of this application when one was interrupted: the URL of MapWorkflows, or over gRPC
    /// host:port/workflow.Workflow/Execute. Any instance may answer there. Null (default) = there are no workflows.
    /// </summary>
    public string? WorkflowCallback { get; set; }

    /// <summary>
    /// How long the coordinator's call to go on with a workflow waits for its end, before it is answered that the workflow is at it. Less
    /// than the coordinator's request timeout. Default: 2 s.
    /// </summary>
    public TimeSpan WorkflowPatience { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How payloads become JSON and back. Default: <see cref="JsonSerializerOptions.Web"/>.</summary>
    public JsonSerializerOptions Json { get; set; } = JsonSerializerOptions.Web;

    /// <summary>Table and dialect of the barriers that the SDK makes itself. Default: the table dtm_barrier.barrier, any dialect.</summary>
    public BarrierOptions Barrier { get; set; } = new();
}
