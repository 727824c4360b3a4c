using System.Text.Json.Serialization;

namespace OrleansDtm.Cli.Api;

/// <summary>A page of the audit log.</summary>
internal sealed record AuditPage
{
    public IReadOnlyList<AuditRecord> Records { get; init; } = [];

    /// <summary>Empty = this is the last page.</summary>
    public string NextPosition { get; init; } = "";
}

/// <summary>Who did what. <c>src/OrleansDtm.Server/Audit</c> writes it.</summary>
internal sealed record AuditRecord
{
    public DateTime Time { get; init; }

    public string Action { get; init; } = "";

    public string Outcome { get; init; } = "";

    public string Gid { get; init; } = "";

    public string Caller { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Role { get; init; } = "";

    public string Address { get; init; } = "";

    public string Before { get; init; } = "";

    public string After { get; init; } = "";

    public string Detail { get; init; } = "";
}

/// <summary>The options of a transaction, with DTM's names; those that were not given are absent.</summary>
internal sealed record TransactionOptions
{
    public double? TimeoutToFail { get; init; }

    public double? RetryInterval { get; init; }

    public double? RequestTimeout { get; init; }

    public long? RetryLimit { get; init; }

    public bool WaitResult { get; init; }

    public Dictionary<string, string?>? BranchHeaders { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(TransactionOptions))]
internal sealed partial class OdtmJson : JsonSerializerContext;
