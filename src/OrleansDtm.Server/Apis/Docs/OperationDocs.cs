using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes what operators do with transactions.</summary>
internal static class OperationDocs
{
    private static readonly ApiAnswer NoSuchGid = ApiAnswers.NotFound("No such gid.", "no such gid");

    private static readonly ApiAnswer NoSuchBranch = ApiAnswers.NotFound(
        "No such gid or branch.", "gid my-first-saga has no branch 03 action");

    private static readonly ApiAnswer NotWaiting = ApiAnswers.Conflict(
        "The call does not wait for a retry.",
        "branch 01 action does not wait for a retry: it is succeed. FAILURE");

    public static ApiRoute ForceStop { get; } = new()
    {
        Id = "forceStopTransaction",
        Tag = ApiTags.Operations,
        Summary = "Ends a transaction as failed, without compensation.",
        Details = "Calls in flight are cancelled. Its rollback_reason names the caller.",
        Body = new ApiBody(
            typeof(StopRequest), ("a transaction", """{"gid":"my-first-saga","reason":"paid by hand"}""")),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("gid: is missing"),
            NoSuchGid,
            ApiAnswers.Conflict(
                "It has ended.", "global transaction force stop error. status: succeed. error: FAILURE"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute RetryTransaction { get; } = new()
    {
        Id = "retryTransaction",
        Tag = ApiTags.Operations,
        Summary = "Makes the pending calls of a transaction now.",
        Details = "Of a prepared msg or workflow: query_prepared.",
        Body = new ApiBody(typeof(TransactionName), ("a transaction", """{"gid":"my-first-saga"}""")),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("gid: is missing"),
            NoSuchGid,
            ApiAnswers.Conflict("It has ended.", "current status 'succeed'. FAILURE"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute RetryBranch { get; } = new()
    {
        Id = "retryBranch",
        Tag = ApiTags.Operations,
        Summary = "Makes one pending call now.",
        Details = "Not in DTM.",
        Body = new ApiBody(
            typeof(BranchName), ("a call", """{"gid":"my-first-saga","branch_id":"01","op":"action"}""")),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("branch_id: is missing"),
            NoSuchBranch,
            NotWaiting,
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute ResolveBranch { get; } = new()
    {
        Id = "resolveBranch",
        Tag = ApiTags.Operations,
        Summary = "Marks one waiting call as done manually.",
        Details = "It is not called again, and its history keeps the reason. Not in DTM.",
        Body = new ApiBody(
            typeof(BranchResolution),
            ("a call", """
                {"gid":"my-first-saga","branch_id":"01","op":"compensate","reason":"booked by hand, ticket 17"}
                """)),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("reason: is missing"),
            NoSuchBranch,
            NotWaiting,
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute RetryTransactions { get; } = new()
    {
        Id = "retryTransactions",
        IdOfGet = "retryTransactionsByGet",
        Tag = ApiTags.Operations,
        Summary = "Makes the pending calls of many transactions now.",
        Details = "Of those whose next call is due within timeout seconds.",
        Parameters =
        [
            new ApiParameter(
                "timeout", "Seconds from now. Default: three times the setting TimeoutToFail, 105 if that is 35.")
            {
                IsNumber = true, Max = 31_622_400,
            },
            new ApiParameter("limit", "At most so many transactions; more than the maximum is the maximum.")
            {
                IsNumber = true, Min = 1, Max = 10_000, Default = 100,
            },
        ],
        Answers =
        [
            ApiAnswers.Ok<ResetCronTimeView>(
                "How many.", """{"dtm_result":"SUCCESS","succeed_count":12,"has_remaining":false}"""),
            ApiAnswers.Invalid("limit: '0' is not a whole number of 1 or more"),
            ApiAnswers.StoreAway,
        ],
    };
}
