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
    /// API key or token of the coordinator; sent as <c>Authorization: Bearer</c>, also over gRPC, only to the
    /// coordinator. Null (default) = none. For a changing token, add a handler to the HTTP client
    /// <see cref="DtmHttpClients.Coordinator"/>.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// The namespace of gids and topics: lower-case letters, digits and hyphens. Sent as the header
    /// <c>x-dtm-namespace</c>, also over gRPC; other coordinators than OrleansDtm ignore it. Null (default) = the
    /// default one, or the one that the key is bound to. For other namespaces see <see cref="IDtm.InNamespace"/>.
    /// </summary>
    public string? Namespace { get; set; }

    /// <summary>Timeout of requests that do not wait for a result. Default: 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Timeout of a submit that waits for the result. Default: 60 s.</summary>
    public TimeSpan WaitTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Timeout of branch calls made by the SDK: the try of a TCC, the action of an XA branch. Default: 10 s.
    /// </summary>
    public TimeSpan BranchTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// URL with which the coordinator resumes workflows of this application: that of MapWorkflows, or over gRPC
    /// host:port/workflow.Workflow/Execute. Any instance may serve it. Null (default) = no workflows.
    /// </summary>
    public string? WorkflowCallback { get; set; }

    /// <summary>
    /// How long a resuming call waits for the end of the workflow before it answers ONGOING. Must be below the
    /// coordinator's request timeout. Default: 2 s.
    /// </summary>
    public TimeSpan WorkflowPatience { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Formats beside JSON; the first that handles a type is used.</summary>
    internal List<IPayloadFormat> Formats { get; } = [];

    /// <summary>JSON options of payloads. Default: those of <see cref="JsonSerializerDefaults.Web"/>.</summary>
    public JsonSerializerOptions Json { get; set; } = new(JsonSerializerDefaults.Web);

    /// <summary>
    /// Table and dialect of the barriers that the SDK creates. Default: the table dtm_barrier.barrier, any dialect.
    /// </summary>
    public BarrierOptions Barrier { get; set; } = new();
}
