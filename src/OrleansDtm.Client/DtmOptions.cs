using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>How to reach the coordinator.</summary>
public sealed class DtmOptions
{
    /// <summary>The coordinator's HTTP address, any DTM-compatible one. Default: http://localhost:36789.</summary>
    public Uri Server { get; set; } = new("http://localhost:36789");

    /// <summary>How long the coordinator may take to answer what it need not wait for. Default: 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to answer a submit that waits for the result. Default: 60 s.</summary>
    public TimeSpan WaitTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a participant may take for a call made from here: the try of a TCC, the action of an XA branch. Default: 10 s.</summary>
    public TimeSpan BranchTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How payloads become JSON and back. Default: <see cref="JsonSerializerOptions.Web"/>.</summary>
    public JsonSerializerOptions Json { get; set; } = JsonSerializerOptions.Web;
}
