using OrleansDtm.Abstractions;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The messages of Orleans clients and of grain branches, with all fields set.</summary>
internal static class ClientContracts
{
    private static readonly DateTimeOffset Moment = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static object[] Samples() =>
        [
        Request(), Registration(), Result(), Info(), Info().Branches[0], InfoReply(), Context(), Refused(), Policy(),
        Answer(), Batches(), Job(), Change(),
    ];

    public static StepPolicy Policy() => new()
    {
        RetryLimit = 1,
        RetryInterval = TimeSpan.FromSeconds(2),
        ConstantBackoff = true,
        RetryIntervalMax = TimeSpan.FromSeconds(3),
        RequestTimeout = TimeSpan.FromSeconds(4),
        TimeoutToFail = TimeSpan.FromSeconds(5),
        Headers = new Dictionary<string, string> { ["x-b"] = "2" },
        GiveUpAfter = 6,
        GiveUpAfterTime = TimeSpan.FromSeconds(7),
    };

    private static TransactionRequestMessage Request() => new()
    {
        Type = "saga",
        Gid = "g1",
        Protocol = "grpc",
        Steps = [new StepMessage { Action = "http://bank/a", Payload = [0, 255] }],
        QueryPrepared = "http://bank/q",
        CustomData = "{}",
        BranchHeaders = new Dictionary<string, string> { ["x-a"] = "1" },
        TimeoutToFail = TimeSpan.FromSeconds(1),
        RetryInterval = TimeSpan.FromSeconds(2),
        RequestTimeout = TimeSpan.FromSeconds(3),
        RetryLimit = 4,
        Concurrent = true,
        WaitResult = true,
        Delay = TimeSpan.FromSeconds(5),
        Orders = new Dictionary<int, int[]> { [1] = [0] },
        CallbackUrl = "http://bank/told",
        WorkflowName = "pay",
        WorkflowData = [1, 2],
        TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        TraceState = "a=1",
        GiveUpAfter = 6,
        GiveUpAfterTime = TimeSpan.FromSeconds(7),
        Tags = new Dictionary<string, string> { ["order"] = "4711" },
        Results = true,
    };

    public static StepAnswer Answer() => new() { BranchId = "01", Body = new byte[] { 0, 255 }, Omitted = "too long" };

    private static BranchRegistration Registration() => new()
    {
        Gid = "g1",
        Type = "tcc",
        BranchId = "01",
        Confirm = "http://bank/y",
        Cancel = "http://bank/n",
        Url = "http://bank/xa",
        Op = "do",
        Status = "succeed",
        Payload = [0, 255],
    };

    private static TransactionResult Result() =>
        new()
        {
            Gid = "g1",
            Status = GlobalStatus.Failed,
            RollbackReason = "frozen",
            LastError = "lost",
            Results = [Answer()],
        };

    private static TransactionInfo Info() => new()
    {
        Gid = "g1",
        Type = "saga",
        Status = GlobalStatus.Aborting,
        Created = Moment,
        Updated = Moment.AddSeconds(1),
        Finished = Moment.AddSeconds(2),
        Due = Moment.AddSeconds(3),
        RollbackReason = "frozen",
        Result = "42",
        RetryCount = 2,
        Parked = true,
        Tags = new Dictionary<string, string> { ["order"] = "4711" },
        Branches =
        [
            new BranchInfo
            {
                BranchId = "01",
                Op = "action",
                Url = "http://bank/a",
                Payload = [7],
                Status = "succeed",
                Attempts = 3,
                LastError = "reset by peer",
                NextRetry = Moment,
                Finished = Moment,
                Parked = true,
                Result = Answer(),
            },
        ],
    };

    private static TransactionInfoReply InfoReply() =>
        new() { Reply = new TransactionReply { Kind = ReplyKind.Ok, Status = "prepared" }, Info = Info() };

    private static BranchContext Context() => new()
    {
        Gid = "g1",
        BranchId = "01",
        Op = "action",
        Type = "saga",
        Headers = new Dictionary<string, string> { ["x-a"] = "1" },
        KeepsResult = true,
        Namespace = "shop",
    };

    private static BranchResult Refused() =>
        BranchResult.Failed("frozen") with { Value = new byte[] { 1 }, ValueOmitted = "no JSON" };

    private static BatchReply Batches() =>
        new() { Reply = new TransactionReply { Kind = ReplyKind.Ok, Status = "prepared" }, Batches = [Job()] };

    private static BatchInfo Job() => new()
    {
        Id = "j1",
        Change = Change(),
        By = "orleans 'shop'",
        Status = BatchStatus.Stopped,
        Created = Moment,
        Updated = Moment.AddSeconds(1),
        Matched = 9,
        Succeeded = 4,
        Rejected = 3,
        Failed = 2,
        LastError = "no such gid",
        Sample = ["g1"],
    };

    private static BatchChange Change() => new()
    {
        Operation = BatchOperation.Resolve,
        Filter = new Dictionary<string, string> { ["tag"] = "order:4711" },
        DryRun = true,
        Limit = 7,
        Reason = "by hand",
        Gids = ["g1"],
    };
}
