using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// The requests that would submit a transaction again, made from its state: for a saga or msg one submit, for a tcc or
/// xa prepare, each registration, and the submit.
/// </summary>
internal static class SubmitRequests
{
    /// <summary>Total length of the bodies; a shell refuses longer commands.</summary>
    private const int LengthMax = 100_000;

    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="view">As query shows it, without secrets.</param>
    public static SubmitView Of(QueryView view)
    {
        var transaction = view.Transaction!;
        try
        {
            var requests = transaction.TransType switch
            {
                "saga" or "msg" => [Request("submit", Whole(transaction, view.Branches))],
                "tcc" or "xa" => (List<SubmitRequestView>)
                [
                    Request("prepare", Head(transaction)),
                    .. view.Branches
                        .GroupBy(static b => b.BranchId)
                        .Select(branch => Request("registerBranch", Registration(transaction, [.. branch]))),
                    Request("submit", Named(transaction)),
                ],
                _ => [],
            };
            return requests.Count == 0 ? Not("The code of a workflow submits it: start it again from its SDK.")
                : requests.Sum(static r => r.Body.Length) > LengthMax ? Not(
                    string.Create(
                        CultureInfo.InvariantCulture, $"Its requests have more than {LengthMax} characters."))
                : new SubmitView { Requests = requests };
        }
        catch (DecoderFallbackException)
        {
            return Not("A payload is not text; the HTTP API takes only texts.");
        }
    }

    private static SubmitView Not(string problem) => new() { Requests = [], Problem = problem };

    private static SubmitRequestView Request(string api, JsonObject body) => new()
    {
        Api = api,
        Body = body.ToJsonString(AdminJson.Readable.Options),
    };

    private static JsonObject Named(TransactionView transaction) => new()
    {
        ["gid"] = transaction.Gid,
        ["trans_type"] = transaction.TransType,
    };

    private static JsonObject Head(TransactionView transaction)
    {
        var body = Named(transaction);
        Set(body, "protocol", transaction.Protocol == "http" ? null : transaction.Protocol);
        Set(body, "query_prepared", transaction.QueryPrepared);
        Set(body, "custom_data", transaction.CustomData);
        if (transaction.Concurrent)
        {
            body["concurrent"] = true;
        }

        if (transaction.Tags is { } tags)
        {
            body["tags"] = new JsonObject(tags.Select(static t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
        }

        foreach (var (name, value) in JsonNode.Parse(transaction.Options ?? "{}")!.AsObject())
        {
            if (name != "wait_result")
            {
                body[name] = value?.DeepClone();
            }
        }

        return body;
    }

    private static JsonObject Whole(TransactionView transaction, IReadOnlyList<BranchView> branches)
    {
        var body = Head(transaction);
        var (steps, payloads) = (new JsonArray(), new JsonArray());
        foreach (var step in branches.GroupBy(static b => b.BranchId))
        {
            var (action, undo) = (step.Single(static b => b.Op == "action"), step.FirstOrDefault(
                static b => b.Op == "compensate"));
            var entry = action.Policy is { } policy ? Json(policy, ProtocolJson.Readable.CallPolicyView) : [];
            entry["action"] = action.Url ?? "";
            if (undo is not null)
            {
                entry["compensate"] = undo.Url ?? "";
                entry["compensate_policy"] = undo.Policy is { } own
                    ? Json(own, ProtocolJson.Readable.CallPolicyView)
                    : null;
                Set(entry, "compensate_payload", Text(undo) == Text(action) ? null : Text(undo));
            }

            if (entry["compensate_policy"] is null)
            {
                entry.Remove("compensate_policy");
            }

            steps.Add((JsonNode)entry);
            payloads.Add((JsonNode)Text(action));
        }

        body["steps"] = steps;
        body["payloads"] = payloads;
        return body;
    }

    private static JsonObject Registration(TransactionView transaction, IReadOnlyList<BranchView> calls)
    {
        var body = Named(transaction);
        body["branch_id"] = calls[0].BranchId;
        body["data"] = Text(calls[0]);
        if (transaction.TransType == "xa")
        {
            body["url"] = calls[0].Url ?? "";
            return body;
        }

        foreach (var call in calls)
        {
            body[call.Op] = call.Url ?? "";
        }

        return body;
    }

    /// <exception cref="DecoderFallbackException">The payload is not text.</exception>
    private static string Text(BranchView branch) => Strict.GetString(branch.BinData ?? []);

    private static JsonObject Json<T>(T value, JsonTypeInfo<T> type) =>
        JsonSerializer.SerializeToNode(value, type)!.AsObject();

    private static void Set(JsonObject body, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            body[name] = value;
        }
    }
}

/// <summary>Requests to the coordinator's API, in their order.</summary>
internal sealed class SubmitView
{
    public required IReadOnlyList<SubmitRequestView> Requests { get; init; }

    /// <summary>Why there are none; null = there are some.</summary>
    public string? Problem { get; init; }
}

internal sealed class SubmitRequestView
{
    /// <summary>The name behind /api/dtmsvr/.</summary>
    public required string Api { get; init; }

    /// <summary>JSON.</summary>
    public required string Body { get; init; }
}
