using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Checks;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Export;

/// <summary>All data of a transaction as one JSON document, for a support case.</summary>
internal static class TransactionDocument
{
    private const string Format = "orleansdtm-export/1";

    /// <summary>Texts of the API that contain JSON, and texts of services that may.</summary>
    private static readonly string[] JsonTexts =
    [
        "options", "custom_data", "result", "rollback_reason", "last_error", "error",
    ];

    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private static readonly JsonSerializerOptions Readable = new(OneLine) { WriteIndented = true };

    /// <summary>Fields of a row, of the API and internal.</summary>
    public static JsonObject Of(StoredTransaction stored)
    {
        var view = JsonSerializer.SerializeToNode(
            TransactionService.View(stored, secrets: true), ProtocolJson.Readable.WorkflowView)!.AsObject();
        var transaction = stored.Transaction;
        var definition = transaction.Definition;
        var document = new JsonObject
        {
            ["transaction"] = view["transaction"]!.DeepClone(),
            ["branches"] = view["progresses"]!.DeepClone(),
            ["record"] = new JsonObject
            {
                ["version"] = transaction.Version,
                ["owner"] = stored.Owner.ToString(CultureInfo.InvariantCulture),
                ["wake_at"] = Moment(transaction.WakeAt),
                ["lease_until"] = Moment(transaction.LeaseUntil),
                ["finished"] = Moment(transaction.Finished),
                ["callback_url"] = definition.NoticeUrl.Length == 0 ? null : definition.NoticeUrl,
                ["retry_interval_seconds"] = definition.Options.RetryInterval.TotalSeconds,
                ["retry_interval_max_seconds"] = definition.Options.RetryIntervalMax.TotalSeconds,
                ["request_timeout_seconds"] = definition.Options.RequestTimeout.TotalSeconds,
                ["timeout_to_fail_seconds"] = definition.Options.TimeoutToFail.TotalSeconds,
                ["branches"] = new JsonArray([.. transaction.Branches.Select(static JsonNode? (b) => Progress(b))]),
                ["query_prepared_call"] = transaction.Query is { } callback ? Call(callback) : null,
                ["callback_url_call"] = transaction.Notice is { } notice ? Call(notice) : null,
            },
        };
        return document;
    }

    /// <summary>
    /// Decodes payloads and JSON in texts, hides secrets unless they are requested, and adds a description.
    /// </summary>
    /// <param name="source">Description of the source.</param>
    public static string Finish(
        JsonObject document, string source, bool withSecrets, bool onOneLine, DateTimeOffset now)
    {
        Unpack(document);
        if (!withSecrets)
        {
            Hide(document);
        }

        var whole = new JsonObject
        {
            ["format"] = Format,
            ["exported"] = Moment(now),
            ["program"] = Apis.HttpApi.Version,
            ["source"] = source,
            ["secrets"] = withSecrets ? "included" : "hidden by the names of fields",
        };
        foreach (var (name, value) in document)
        {
            whole[name] = value?.DeepClone();
        }

        return whole.ToJsonString(onOneLine ? OneLine : Readable);
    }

    private static JsonObject Progress(BranchOp branch) => new()
    {
        ["branch_id"] = branch.Definition.Id,
        ["op"] = branch.Definition.Op,
        ["started"] = branch.Started,
        ["in_flight"] = branch.InFlight,
        ["failures_in_a_row"] = branch.Failures,
    };

    private static JsonObject Call(BranchOp branch)
    {
        var call = Progress(branch);
        call["url"] = branch.Definition.Url;
        call["status"] = Names.Of(branch.Status);
        call["attempts"] = branch.Attempts;
        call["next_retry_time"] = Moment(branch.RetryAt);
        call["last_error"] = branch.LastError;
        call["bin_data"] = Convert.ToBase64String(branch.Definition.Payload.Span);
        call["history"] = new JsonArray([.. branch.History.Select(static JsonNode? (a) => new JsonObject
        {
            ["time"] = Moment(a.At),
            ["duration_ms"] = Math.Round(a.Duration.TotalMilliseconds, 3),
            ["outcome"] = Names.Of(a.Outcome),
            ["error"] = a.Error,
        })]);
        return call;
    }

    private static string? Moment(DateTimeOffset? at) => at?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private static void Unpack(JsonNode? node)
    {
        foreach (var child in Children(node))
        {
            Unpack(child);
        }

        if (node is not JsonObject fields)
        {
            return;
        }

        foreach (var name in JsonTexts)
        {
            if (fields[name] is JsonValue text && text.TryGetValue<string>(out var json) && Parse(json) is { } parsed)
            {
                fields[name] = parsed;
            }
        }

        if (fields["bin_data"] is JsonValue data && data.TryGetValue<string>(out var base64))
        {
            fields.Remove("bin_data");
            AddPayload(fields, base64);
        }
    }

    private static void AddPayload(JsonObject fields, string base64)
    {
        var buffer = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, buffer, out var length))
        {
            fields["payload_base64"] = base64; // Not text: left as base64.
            return;
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(buffer, 0, length);
            fields["payload"] = Parse(text) ?? JsonValue.Create(text);
        }
        catch (DecoderFallbackException)
        {
            fields["payload_base64"] = base64;
        }
    }

    private static void Hide(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                if (items[i] is JsonValue value
                    && value.TryGetValue<string>(out var text)
                    && (text.Contains("://", StringComparison.Ordinal) || text.Contains('?')))
                {
                    items[i] = SecretNames.MaskUrl(text);
                }
            }
        }

        if (node is JsonObject fields)
        {
            foreach (var name in fields.Select(static f => f.Key).ToList())
            {
                if (SecretNames.IsSecretField(name) && fields[name] is not null)
                {
                    fields[name] = SecretNames.Mask;
                }
                else if (fields[name] is JsonValue value
                    && value.TryGetValue<string>(out var text)
                    && (text.Contains("://", StringComparison.Ordinal) || text.Contains('?')))
                {
                    fields[name] = SecretNames.MaskUrl(text);
                }
            }
        }

        foreach (var child in Children(node))
        {
            Hide(child);
        }
    }

    private static IEnumerable<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject fields => [.. fields.Select(static f => f.Value)],
        JsonArray items => [.. items],
        _ => [],
    };

    /// <summary>Null = not a JSON object or list, or one with a duplicate name or text that is not Unicode.</summary>
    public static JsonNode? Parse(string text)
    {
        try
        {
            var node = JsonNode.Parse(
                text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
            Read(node);
            return node is JsonObject or JsonArray ? node : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Errors in names and texts appear only when they are read.</summary>
    private static void Read(JsonNode? node)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String)
        {
            value.GetValue<string>();
        }

        foreach (var child in Children(node))
        {
            Read(child);
        }
    }
}
