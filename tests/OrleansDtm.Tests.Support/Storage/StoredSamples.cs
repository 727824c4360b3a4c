using System.Collections.Immutable;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>Transactions for tests of stores.</summary>
internal static class StoredSamples
{
    public const long Self = 4711;

    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 30, 15, 123, TimeSpan.Zero);

    private static byte[] EveryByte => [.. Enumerable.Range(0, 256).Select(static i => (byte)i)];

    public static Transaction Plain(string gid, DateTimeOffset? due = null, DateTimeOffset? created = null) => new()
    {
        Definition = new TransactionDefinition
        {
            Gid = gid,
            Type = TransactionType.Saga,
            Created = created ?? Start,
            Options = new TransactionOptions(),
        },
        Branches = [new BranchOp { Definition = Call("01", BranchOps.Action) }],
        Status = TransactionStatus.Submitted,
        Updated = created ?? Start,
        WakeAt = due,
        Version = 1,
    };

    /// <summary>A transaction whose call waits for a retry.</summary>
    public static Transaction Retrying(string gid, DateTimeOffset due)
    {
        var plain = Plain(gid, due);
        return plain with
        {
            Branches = [plain.Branches[0] with { Started = true, Attempts = 1, Failures = 1, RetryAt = due }],
        };
    }

    /// <summary>A transaction whose call is put aside.</summary>
    public static Transaction Parked(string gid, TransactionStatus status = TransactionStatus.Aborting)
    {
        var plain = Plain(gid);
        return plain with
        {
            Status = status,
            Branches = [plain.Branches[0] with { Started = true, Attempts = 1, Failures = 1, Parked = true }],
        };
    }

    /// <summary>
    /// A transaction in which no member has its default, so that a test notices a member that is not stored.
    /// </summary>
    public static Transaction Rich(string gid) => new()
    {
        Definition = new TransactionDefinition
        {
            Gid = gid,
            Type = TransactionType.Msg,
            Created = Start,
            Protocol = "grpc",
            QueryPrepared = "http://a/query?x=1&y=ü",
            Query = new BranchOpDefinition("00", "msg", "http://a/query", new byte[] { 1, 0, 255 }, Start),
            NoticeUrl = "http://a/told?ü=1",
            Submitted = Start.AddMilliseconds(11),
            CustomData = "{\"note\":\"日本 \\u0000 😀 <&'+>\"}",
            Options = new TransactionOptions
            {
                TimeoutToFail = TimeSpan.FromSeconds(35),
                RetryInterval = TimeSpan.FromMilliseconds(1),
                RetryIntervalNamed = true,
                RetryIntervalMax = TimeSpan.FromDays(40),
                RequestTimeout = TimeSpan.FromMilliseconds(3001),
                RetryLimit = 7,
                Concurrent = true,
                WaitResult = true,
                Delay = TimeSpan.FromHours(99),
                GiveUpAfter = 8,
                GiveUpAfterTime = TimeSpan.FromMilliseconds(9),
                ResultBytesMax = 10,
                Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty.Add(2, [0, 1]).Add(3, [0]),
            },
            BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("X-Tenant", "é\"\\").Add("x-tenant", ""),
            Tags = TransactionTags.None.Add("order", "Zürich 4711").Add("Order", "x=:y"),
            Trace = new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"),
        },
        Branches =
        [
            Progressed(new BranchOpDefinition("01", "action", "http://s/out?q=\"1\"", EveryByte, Start)
            {
                Policy = new CallPolicy
                {
                    RetryLimit = 0,
                    RetryInterval = TimeSpan.FromMilliseconds(2),
                    Backoff = RetryBackoff.Constant,
                    RetryIntervalMax = TimeSpan.FromMilliseconds(3),
                    RequestTimeout = TimeSpan.FromMilliseconds(4),
                    TimeoutToFail = TimeSpan.FromMilliseconds(5),
                    Headers = ImmutableDictionary<string, string>.Empty.Add("x-é", "\"\\"),
                    GiveUpAfter = 0,
                    GiveUpAfterTime = TimeSpan.FromMilliseconds(7),
                },
            }),
            new BranchOp
            {
                Definition = new BranchOpDefinition(
                    "02", "action", "", ReadOnlyMemory<byte>.Empty, Start.AddMilliseconds(1)),
            },
        ],
        Status = TransactionStatus.Aborting,
        Query = Progressed(new BranchOpDefinition("00", "msg", "http://a/query", new byte[] { 1, 0, 255 }, Start)),
        Notice = Progressed(new BranchOpDefinition(
            "", "notice", "http://a/told?ü=1", new byte[] { 2, 0, 254 }, Start.AddMilliseconds(10))),
        RollbackReason = "balance of 陈 too low\n\"really\"",
        Result = "{\"r\":1}",
        RetryCount = 3,
        Hurried = Start.AddMilliseconds(12),
        Updated = Start.AddMilliseconds(2),
        Finished = Start.AddMilliseconds(3),
        WakeAt = Start.AddMilliseconds(4),
        LeaseUntil = Start.AddMilliseconds(5),
        Version = 1,
    };

    public static BranchOpDefinition Call(string id, string op) =>
        new(id, op, $"http://s/{id}", "{\"a\":1}"u8.ToArray(), Start);

    public static TransactionWrite Insert(Transaction state, long owner = 0) => new(null, state, owner);

    public static TransactionWrite Update(
        Transaction previous, Func<Transaction, Transaction> change, long owner = 0) =>
        new(previous, change(previous) with { Version = previous.Version + 1 }, owner);

    public static Transaction Finish(Transaction state, TransactionStatus status = TransactionStatus.Succeed) =>
        state with
        {
            Status = status,
            Finished = state.Updated.AddSeconds(1),
            WakeAt = null,
            LeaseUntil = null,
        };

    /// <summary>A finished transaction whose notice is in flight until the given time.</summary>
    public static Transaction Announce(Transaction state, DateTimeOffset leaseUntil) => Finish(state) with
    {
        Notice = new BranchOp
        {
            Definition = new BranchOpDefinition("", "notice", "http://a/told", "{}"u8.ToArray(), state.Updated),
            Started = true,
            InFlight = true,
        },
        LeaseUntil = leaseUntil,
    };

    /// <summary>Formats every member as text, so that arrays and payloads are compared by content.</summary>
    public static string Describe(Transaction? state) => JsonSerializer.Serialize(
        state is null ? null : state with { Definition = state.Definition with { Prepared = null } });

    private static BranchOp Progressed(BranchOpDefinition definition) => new()
    {
        Definition = definition,
        Status = BranchStatus.Failed,
        Started = true,
        InFlight = true,
        Attempts = 12,
        Failures = 2,
        RetryAt = Start.AddMilliseconds(6),
        OrphanedUntil = Start.AddMilliseconds(7),
        Finished = Start.AddMilliseconds(7),
        LastError = "",
        History =
        [
            new Attempt(
                Start.AddMilliseconds(8),
                TimeSpan.FromMicroseconds(1_234_567),
                OutcomeKind.Unknown,
                "timeout after 3 s"),
            new Attempt(Start.AddMilliseconds(9), TimeSpan.Zero, OutcomeKind.Succeeded, null),
        ],
        FailAt = Start.AddMilliseconds(20),
        RetryCount = 4,
        GiveUpAt = Start.AddMilliseconds(21),
        Parked = true,
        Result = definition.Op == BranchOps.Action ? new StepResult(new byte[] { 0, 255 }, "é") : null,
    };
}
