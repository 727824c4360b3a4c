using System.Text.Json;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Apis;

/// <summary>The JSON-RPC methods that DTM does not have. Parameters and results are those of the HTTP API.</summary>
internal sealed class JsonRpcAdditions(TransactionService transactions, BatchService batches)
{
    private const string NoJob = "no such job";

    /// <summary>The methods, with their roles.</summary>
    private static readonly Dictionary<string, Role> Roles = new(StringComparer.Ordinal)
    {
        ["query"] = Role.Read,
        ["wait"] = Role.Read,
        ["batch"] = Role.Admin,
        ["batchStatus"] = Role.Read,
        ["batches"] = Role.Read,
        ["batchStop"] = Role.Admin,
    };

    /// <summary>The role that a method needs; null = it is not one of these.</summary>
    public static Role? RoleOf(string method) => Roles.TryGetValue(method, out var role) ? role : null;

    /// <param name="call">The request; its method is one of these.</param>
    /// <param name="context">Its HTTP request.</param>
    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public async Task<JsonRpcReply> Handle(JsonRpcCall call, HttpContext context)
    {
        var secrets = Caller.Has(context, Role.Admin);
        var cancelled = context.RequestAborted;
        switch (call.Method)
        {
            case "query":
                return JsonRpcReply.Show(
                    await transactions.Query(RequestNamespace.Of(context), Gid(call), cancelled, secrets),
                    ProtocolJson.Readable.QueryView,
                    secrets);
            case "wait":
                return await Wait(Gid(call), Timeout(call), context);
            case "batch":
                var order = BatchApi.Of(call.ParamsAs(ProtocolJson.Default.BatchRequest));
                var (reply, job) = await batches.Start(order, Requesters.Of(context), cancelled);
                return job is null ? JsonRpcApi.Of(reply, Awaited.Nothing) : Show(job, secrets);
            case "batchStatus":
                var named = call.ParamsAs(ProtocolJson.Default.BatchName).Id;
                return await batches.Find(RequestNamespace.Of(context), named, cancelled) is { } found
                    ? Show(found, secrets)
                    : JsonRpcReply.Error(JsonRpcCodes.Failure, NoJob);
            case "batches":
                var all = await batches.List(RequestNamespace.Of(context), cancelled);
                return JsonRpcReply.Show(
                    new BatchListView { Batches = [.. all.Select(BatchApi.Of)] },
                    ProtocolJson.Readable.BatchListView,
                    secrets);
            default:
                var id = call.ParamsAs(ProtocolJson.Default.BatchName).Id;
                return JsonRpcApi.Of(await batches.Stop(id, Requesters.Of(context)), Awaited.Nothing);
        }
    }

    /// <summary>After the timeout the result is the transaction as it is, as over gRPC.</summary>
    private async Task<JsonRpcReply> Wait(string? gid, TimeSpan timeout, HttpContext context)
    {
        var secrets = Caller.Has(context, Role.Admin);
        using var leaving = WatchApi.Leaving(context);
        try
        {
            var (result, stored) = await transactions.WaitForEnd(
                RequestNamespace.Of(context), gid, timeout, leaving.Token);
            return result switch
            {
                EndWait.NotFound => JsonRpcReply.Error(JsonRpcCodes.Failure, "no such gid"),
                EndWait.TooMany => JsonRpcApi.Unavailable("too many requests wait for the end of transactions"),
                _ => JsonRpcReply.Show(
                    transactions.Show(stored!, secrets), ProtocolJson.Readable.QueryView, secrets),
            };
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return JsonRpcApi.Unavailable("the coordinator is stopping");
        }
    }

    private static JsonRpcReply Show(BatchJob job, bool secrets) =>
        JsonRpcReply.Show(
            new BatchResultView { Batch = BatchApi.Of(job) }, ProtocolJson.Readable.BatchResultView, secrets);

    private static string? Gid(JsonRpcCall call) => JsonRpcCall.Member(call.ParamsObject(), "gid") switch
    {
        { ValueKind: JsonValueKind.String } gid => gid.GetString(),
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        _ => throw new RequestException("gid", "is not a string"),
    };

    private static TimeSpan Timeout(JsonRpcCall call) => JsonRpcCall.Member(call.ParamsObject(), "timeout") switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } =>
            TimeSpan.FromSeconds(WatchApi.WaitSecondsDefault),
        { ValueKind: JsonValueKind.Number } timeout when timeout.GetDouble() is >= 0 and var seconds =>
            TimeSpan.FromSeconds(Math.Min(seconds, WatchApi.WaitSecondsMax)),
        _ => throw new RequestException("timeout", "is not a number of seconds: 0 or more"),
    };
}
