using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// The API for Orleans clients. Converts requests and responses for <see cref="TransactionService"/>, like the HTTP
/// adapters. A client of a namespace sends qualified gids and topics, which silos of an earlier version refuse.
/// </summary>
[Reentrant]
[StatelessWorker]
public sealed class TransactionsGrain(
    TransactionService transactions, TopicService topics, BatchService batches, IOptions<DtmGrainOptions> options)
    : Grain, ITransactionsGrain, IIncomingGrainCallFilter
{
    /// <summary>Where a client puts its name, in the request context.</summary>
    private const string ClientName = "dtm.client";

    private static readonly TransactionReply Done = new() { Kind = ReplyKind.Ok };
    private static readonly AsyncLocal<Requester?> s_caller = new();

    /// <summary>The maximum length of one wait: a pending request delays the drain of a silo.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(10);

    public Task<TransactionReply> Submit(TransactionRequestMessage request) =>
        Serve(
            "Submit",
            request,
            () => transactions.Submit(Current(Checked(request)), By(request.Gid)));

    public Task<TransactionReply> Prepare(TransactionRequestMessage request) =>
        Serve(
            "Prepare",
            request,
            () => transactions.Prepare(Current(Checked(request)), By(request.Gid)));

    public async Task<TransactionInfoReply> PrepareWorkflow(TransactionRequestMessage request)
    {
        StoredTransaction? workflow = null;
        var reply = await Serve("PrepareWorkflow", request, async () =>
        {
            (var reply, workflow) = await transactions.PrepareWorkflow(
                Current(Checked(request)), By(request.Gid), CancellationToken.None);
            return reply;
        });
        return new TransactionInfoReply
        {
            Reply = reply,
            Info = workflow is null ? null : TransactionInfos.Of(workflow.Transaction),
        };
    }

    public Task<TransactionReply> RegisterBranch(BranchRegistration branch) => Serve("RegisterBranch", branch.Gid, () =>
    {
        var request = ClientRequests.Of(branch);
        ClientRequests.CheckSize(request.Data.Length, request.Fields.Values, options.Value.Requests.BytesMax);
        return transactions.RegisterBranch(request, By(branch.Gid));
    });

    public Task<TransactionReply> Abort(string gid, string type, string reason) =>
        Serve(
            "Abort",
            gid,
            () => transactions.Abort(
                new TransactionRequest { Gid = Plain(gid), TransType = type, RollbackReason = reason }, By(gid)));

    public Task<TransactionReply> FinishWorkflow(
        string gid, string status, string reason, string result) => Serve("FinishWorkflow", gid, () =>
    {
        ClientRequests.CheckSize(0, [reason, result], options.Value.Requests.BytesMax);
        var request = new TransactionRequest
        {
            Gid = Plain(gid),
            TransType = "workflow",
            ReqExtra = new Dictionary<string, string?>
            {
                ["status"] = status,
                ["rollback_reason"] = reason,
                ["result"] = result,
            },
        };
        return transactions.Submit(request, By(gid));
    });

    public Task<TransactionReply> ForceStop(string gid) =>
        Serve("ForceStop", gid, () => transactions.ForceStop(Named(gid), By(gid)));

    public Task<TransactionReply> RetryNow(string gid) =>
        Serve("RetryNow", gid, () => transactions.ResetNextCronTime(Named(gid), By(gid)));

    public Task<TransactionReply> RetryBranch(string gid, string branchId, string op) =>
        Serve("RetryBranch", gid, () => transactions.RetryBranch(Plain(gid), branchId, op, By(gid)));

    public async Task<TransactionInfoReply> Query(string gid)
    {
        StoredTransaction? found = null;
        var reply = await Guard(async () =>
        {
            found = await transactions.Find(Space(gid), Plain(gid), CancellationToken.None);
            return Done;
        });
        return new TransactionInfoReply
        {
            Reply = reply,
            Info = found is null ? null : TransactionInfos.Of(found.Transaction),
        };
    }

    public Task<TransactionReply> WaitForEnd(string gid, TimeSpan atMost) => Guard(async () =>
    {
        var limit = atMost < TimeSpan.Zero || atMost > WaitMax ? WaitMax : atMost;
        var (result, stored) = await transactions.WaitForEnd(
            Space(gid), Plain(gid), limit, CancellationToken.None);
        return result switch
        {
            EndWait.NotFound => new TransactionReply { Kind = ReplyKind.NotFound, Message = "no such gid" },
            EndWait.TooMany => Replies.Unavailable("too many requests wait for the end of transactions"),
            _ => Replies.Of(stored?.Transaction),
        };
    });

    public Task<BatchReply> StartBatch(BatchChange change, string space) => Jobs(async () =>
    {
        var (reply, job) = await batches.Start(BatchInfos.Of(change), By(space), CancellationToken.None);
        return (reply, job is null ? [] : [job]);
    });

    public Task<BatchReply> FindBatch(string id, string space) => Jobs(async () =>
        (Done, await batches.Find(Space(space), id, CancellationToken.None) is { } job ? [job] : []));

    public Task<BatchReply> ListBatches(string space) => Jobs(async () =>
        (Done, await batches.List(Space(space), CancellationToken.None)));

    public Task<TransactionReply> StopBatch(string id, string space) =>
        Guard(() => batches.Stop(id, By(space)));

    public Task<TransactionReply> Subscribe(string topic, string url, string remark) =>
        Guard(() => topics.Subscribe(Plain(topic), url, remark, By(topic)));

    public Task<TransactionReply> Unsubscribe(string topic, string url) =>
        Guard(() => topics.Unsubscribe(Plain(topic), url, By(topic)));

    public Task<TransactionReply> DeleteTopic(string topic) => Guard(() => topics.Delete(Plain(topic), By(topic)));

    /// <summary>The namespace of a gid or topic of a client; empty = the default one.</summary>
    /// <exception cref="RequestException">It is not the name of a namespace.</exception>
    private static string Space(string? text)
    {
        var space = Namespaces.Of(text ?? "");
        return space.Length == 0 && !Namespaces.IsQualified(text ?? "") ? ""
            : Namespaces.IsName(space) ? space
            : throw new RequestException("namespace", $"'{RequestValidator.Printable(space)}' is not a name");
    }

    private static string Plain(string? text) => Namespaces.Plain(text ?? "");

    private static TransactionRequest Named(string gid) => new() { Gid = Plain(gid) };

    private static Requester By(string? text) => Caller with { Namespace = Space(text) };

    /// <summary>The client of the current call. The cluster admits it; its name is what it says of itself.</summary>
    private static Requester Caller => s_caller.Value ?? new Requester(Requester.Orleans, "", "", "");

    public Task Invoke(IIncomingGrainCallContext context)
    {
        var name = RequestContext.Get(ClientName) as string ?? context.SourceId?.ToString() ?? "";
        RequestContext.Remove(ClientName); // Not for the branch grains that this call leads to.
        s_caller.Value = new Requester(Requester.Orleans, name, "", "");
        return context.Invoke();
    }

    private static async Task<BatchReply> Jobs(
        Func<Task<(TransactionReply Reply, IReadOnlyList<BatchJob> Jobs)>> request)
    {
        IReadOnlyList<BatchJob> jobs = [];
        var reply = await Guard(async () =>
        {
            (var reply, jobs) = await request();
            return reply;
        });
        return new BatchReply { Reply = reply, Batches = [.. jobs.Select(BatchInfos.Of)] };
    }

    /// <summary>Converts exceptions to replies, because a client may not know the exception types.</summary>
    private static async Task<TransactionReply> Guard(Func<Task<TransactionReply>> request)
    {
        try
        {
            return await request();
        }
        catch (RequestException e)
        {
            return new TransactionReply { Kind = ReplyKind.Invalid, Message = e.Message };
        }
        catch (StoreTooLargeException e)
        {
            return new TransactionReply { Kind = ReplyKind.TooLarge, Message = e.Message };
        }
        catch (StoreUnavailableException e)
        {
            return new TransactionReply { Kind = ReplyKind.Unavailable, Message = e.Message };
        }
    }

    private static Task<TransactionReply> Serve(
        string method, TransactionRequestMessage request, Func<Task<TransactionReply>> serve) =>
        ClientTracing.IsOn
            ? ClientTracing.Serve(
                method, request.Gid, TraceHeaders.Check(request.TraceParent, request.TraceState), () => Guard(serve))
            : Guard(serve);

    private static Task<TransactionReply> Serve(string method, string gid, Func<Task<TransactionReply>> serve) =>
        ClientTracing.IsOn
            ? ClientTracing.Serve(method, gid, default, () => Guard(serve))
            : Guard(serve);

    /// <summary>Adds the span of the request, if there is one, as the transaction's parent.</summary>
    private static TransactionRequest Current(TransactionRequest request)
    {
        DtmTracing.Attach(request);
        return request;
    }

    private TransactionRequest Checked(TransactionRequestMessage request) =>
        ClientRequests.Of(request, options.Value.Requests.BytesMax);
}
