using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Server.Checks;

namespace OrleansDtm.Server.Apis;

/// <summary>Converts the messages of <see cref="CoordinatorApi"/> from and to those of the other APIs.</summary>
internal static class CoordinatorMessages
{
    /// <exception cref="RequestException">A field is invalid.</exception>
    public static ListRequest Of(ListFilter filter, string space, DateTimeOffset now, bool secrets) => ListQuery.Parse(
        name => name switch
        {
            "status" => filter.Status,
            "transType" => filter.TransType,
            "createTimeStart" => Milliseconds(filter.CreatedFrom),
            "createTimeEnd" => Milliseconds(filter.CreatedTo),
            "limit" => filter.HasLimit ? filter.Limit.ToString(CultureInfo.InvariantCulture) : null,
            "position" => filter.Position,
            "parked" => filter.Parked ? "true" : null,
            "unfinished" => filter.Unfinished ? "true" : null,
            "waiting" => filter.Waiting,
            "tag" => string.Join(',', filter.Tags),
            "gid_prefix" => filter.GidPrefix,
            "host" => filter.Host,
            "error" => filter.Error,
            _ => null,
        },
        space,
        now,
        secrets ? null : SecretNames.MaskQuery);

    public static QueryReply Of(QueryView view, bool secrets)
    {
        var reply = new QueryReply { Transaction = view.Transaction is null ? null : Of(view.Transaction, secrets) };
        reply.Branches.AddRange(view.Branches.Select(branch => Of(branch, secrets)));
        return reply;
    }

    public static ListReply Of(ListView view, bool secrets)
    {
        var reply = new ListReply { NextPosition = view.NextPosition };
        reply.Transactions.AddRange((view.Transactions ?? []).Select(transaction => Of(transaction, secrets)));
        return reply;
    }

    public static SubscribersReply Subscribers(KeyValueListView view, bool secrets)
    {
        var reply = new SubscribersReply();
        if (view.Items is [{ Value.Length: > 0 } topic])
        {
            var subscribers = JsonSerializer.Deserialize(topic.Value, ProtocolJson.Default.ListSubscriberView) ?? [];
            reply.Subscribers.AddRange(
                subscribers.Select(s => new Subscriber { Url = Shown(s.Url, secrets), Remark = s.Remark }));
        }

        return reply;
    }

    public static BatchOrder Of(BatchSubmission message) => new(
        message.Operation,
        message.Filter.ToDictionary(static f => f.Key, static string? (f) => f.Value),
        message.DryRun,
        message.HasLimit ? message.Limit : null,
        message.Reason,
        message.Gids);

    public static Batch Of(BatchView job, bool secrets)
    {
        var batch = new Batch
        {
            Id = job.Id,
            Operation = job.Operation,
            DryRun = job.DryRun,
            Limit = job.Limit,
            Reason = Shown(job.Reason, secrets),
            By = job.By,
            Status = job.Status,
            CreateTime = Timestamp.FromDateTime(job.CreateTime),
            UpdateTime = Timestamp.FromDateTime(job.UpdateTime),
            Matched = job.Matched,
            Succeeded = job.Succeeded,
            Rejected = job.Rejected,
            Failed = job.Failed,
            LastError = Shown(job.LastError, secrets),
        };
        foreach (var (name, value) in job.Filter)
        {
            batch.Filter.Add(name, Shown(value, secrets));
        }

        batch.Gids.AddRange(job.Gids ?? []);
        batch.Sample.AddRange(job.Sample);
        return batch;
    }

    private static string Shown(string? text, bool secrets) =>
        text is null ? "" : secrets ? text : SecretNames.MaskQuery(text);

    private static Transaction Of(TransactionView view, bool secrets)
    {
        var ended = view.Status is "succeed" or "failed";
        var transaction = new Transaction
        {
            Gid = view.Gid,
            Namespace = view.Namespace ?? "",
            TransType = view.TransType,
            Status = view.Status,
            RollbackReason = Shown(view.RollbackReason, secrets),
            Result = Shown(view.Result, secrets),
            CustomData = Shown(view.CustomData, secrets),
            CreateTime = Timestamp.FromDateTime(view.CreateTime),
            UpdateTime = Timestamp.FromDateTime(view.UpdateTime),
            FinishTime = ended ? Timestamp.FromDateTime(view.FinishTime ?? view.RollbackTime ?? view.UpdateTime) : null,
            NextCronTime = ended ? null : Timestamp.FromDateTime(view.NextCronTime),
            Parked = view.Parked,
            Waiting = view.Waiting is { } waiting ? Of(waiting, secrets) : null,
        };
        foreach (var (key, value) in view.Tags ?? ReadOnlyDictionary<string, string>.Empty)
        {
            transaction.Tags.Add(key, value);
        }

        return transaction;
    }

    private static Waiting Of(WaitingView view, bool secrets) => new()
    {
        Reason = view.Reason,
        BranchId = view.BranchId ?? "",
        Op = view.Op ?? "",
        Service = view.Service ?? "",
        Attempts = view.Attempts,
        LastError = Shown(view.LastError, secrets),
        Since = view.Since is { } since ? Timestamp.FromDateTime(since) : null,
        SinceEarlier = view.SinceEarlier,
        Until = view.Until is { } until ? Timestamp.FromDateTime(until) : null,
        Others = view.Others,
    };

    private static Branch Of(BranchView view, bool secrets)
    {
        var branch = new Branch
        {
            BranchId = view.BranchId,
            Op = view.Op,
            Url = Shown(view.Url, secrets),
            BinData = UnsafeByteOperations.UnsafeWrap(view.BinData ?? []),
            Status = view.Status,
            Attempts = view.Attempts,
            LastError = Shown(view.LastError, secrets),
            FinishTime = view.FinishTime is { } finished ? Timestamp.FromDateTime(finished) : null,
            Parked = view.Parked,
            ResultOmitted = view.ResultOmitted ?? "",
        };
        if (view.BinResult is { } bytes)
        {
            branch.Result = UnsafeByteOperations.UnsafeWrap(bytes);
        }
        else if (view.Result is { } text)
        {
            branch.Result = ByteString.CopyFromUtf8(text);
        }

        return branch;
    }

    /// <summary>Seconds and nanoseconds of the message, in range or not; the filter validates the result.</summary>
    private static string? Milliseconds(Timestamp? time) => time is null
        ? null
        : (((Int128)time.Seconds * 1000) + (time.Nanos / 1_000_000)).ToString(CultureInfo.InvariantCulture);
}
