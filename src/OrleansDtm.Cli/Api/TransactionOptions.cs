using System.Text.Json.Serialization;

namespace OrleansDtm.Cli.Api;

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
[JsonSerializable(typeof(TransactionOptions))]
internal sealed partial class OdtmJson : JsonSerializerContext;
