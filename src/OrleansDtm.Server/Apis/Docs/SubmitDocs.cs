using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes submit, prepare, abort and prepareWorkflow.</summary>
internal static class SubmitDocs
{
    private static readonly ApiAnswer OtherStatus = ApiAnswers.Conflict(
        "The status of the transaction does not allow the request, or the gid belongs to another pattern.",
        "current status 'succeed', cannot prepare. FAILURE");

    public static ApiRoute Submit { get; } = new()
    {
        Id = "submitTransaction",
        Tag = ApiTags.Transactions,
        Summary = "Submits a transaction.",
        Details = "saga and msg: a new one, or one that was prepared. tcc and xa: the prepared one, to confirm or "
            + "commit it. workflow: its end, in req_extra. A repeated submit makes calls that wait for a retry now, "
            + "at most once a second; with wait_result it waits for their result. A submit of a transaction that has "
            + "ended is answered 409, as in DTM: after a lost response, use query.",
        Body = new ApiBody(
            typeof(TransactionRequest),
            ("saga", """
                {"gid":"order-42","trans_type":"saga","steps":[
                  {"action":"http://bank:8080/out","compensate":"http://bank:8080/out-undo"},
                  {"action":"http://shop:8080/in","compensate":"http://shop:8080/in-undo"}],
                 "payloads":["{\"amount\":30}","{\"amount\":30}"],"retry_interval":2,"timeout_to_fail":60}
                """),
            ("a saga that calls nothing", """
                {"gid":"my-first-saga","trans_type":"saga","steps":[{"action":"","compensate":""}],"payloads":["{}"],
                 "wait_result":true}
                """),
            ("the end of a workflow", """
                {"gid":"workflow-7","trans_type":"workflow","req_extra":{"status":"succeed","result":"42"}}
                """)),
        Answers =
        [
            ApiAnswers.Ok<ResultView>(
                "It is stored; with wait_result: it has succeeded.", """{"dtm_result":"SUCCESS"}"""),
            ApiAnswers.Invalid("trans_type: 'sage' is unknown; one of saga, msg, tcc, xa, workflow"),
            ApiAnswers.NotFound(
                "A tcc, xa or workflow that was never prepared.",
                "gid: no such tcc was prepared, so none can be submitted"),
            ApiAnswers.Conflict(
                "It has ended already, or the gid belongs to another pattern; with wait_result also: it is rolled back "
                + "or rolling back.",
                "the branch 01 answered 409: the account is frozen"),
            ApiAnswers.Unfinished("wait_result: it is not finished. It continues."),
            ApiAnswers.TooMany,
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Prepare { get; } = new()
    {
        Id = "prepareTransaction",
        Tag = ApiTags.Transactions,
        Summary = "Prepares a msg, tcc or xa.",
        Details = "A msg needs query_prepared, which is called if no submit follows within timeout_to_fail. A "
            + "prepared tcc or xa is rolled back after it. Idempotent while the transaction is prepared. A saga "
            + "cannot be prepared.",
        Body = new ApiBody(
            typeof(TransactionRequest),
            ("msg", """
                {"gid":"mail-8","trans_type":"msg","steps":[{"action":"http://mail:8080/send"}],
                 "payloads":["{\"to\":\"a@b.example\"}"],"query_prepared":"http://shop:8080/query-prepared"}
                """),
            ("tcc", """{"gid":"seat-9","trans_type":"tcc","timeout_to_fail":30}""")),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid(
                "query_prepared: is missing; a prepared msg needs a URL that reports whether the local transaction was "
                + "committed"),
            OtherStatus,
            ApiAnswers.TooMany,
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Abort { get; } = new()
    {
        Id = "abortTransaction",
        Tag = ApiTags.Transactions,
        Summary = "Rolls back a prepared transaction.",
        Details = "msg: nothing is sent. tcc and xa: the registered branches are cancelled or rolled back. "
            + "Idempotent. If it was prepared with wait_result, the answer waits for the rollback.",
        Body = new ApiBody(
            typeof(AbortRequest),
            ("tcc", """{"gid":"seat-9","trans_type":"tcc","rollback_reason":"the user left"}""")),
        Answers =
        [
            ApiAnswers.Ok<ResultView>(
                "The rollback is stored; if it was prepared with wait_result: it has ended.",
                """{"dtm_result":"SUCCESS"}"""),
            ApiAnswers.Invalid("gid: is missing"),
            ApiAnswers.NotFound("No such gid.", "no such gid"),
            OtherStatus,
            ApiAnswers.Unfinished("It was prepared with wait_result, and the rollback continues."),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute PrepareWorkflow { get; } = new()
    {
        Id = "prepareWorkflow",
        Tag = ApiTags.Transactions,
        Summary = "Creates a workflow, or finds it.",
        Details = "Answers with the steps that it has recorded, so that its code can be replayed. query_prepared is "
            + "called to resume it.",
        Body = new ApiBody(
            typeof(TransactionRequest),
            ("workflow", """
                {"gid":"workflow-7","trans_type":"workflow","query_prepared":"http://shop:8080/workflow",
                 "custom_data":"{\"name\":\"transfer\",\"data\":\"eyJhbW91bnQiOjMwfQ==\"}"}
                """)),
        Answers =
        [
            ApiAnswers.Ok<WorkflowView>("The workflow, in any status.", """
                {"transaction":{"id":9,"create_time":"2026-11-29T10:00:00Z","update_time":"2026-11-29T10:00:00Z",
                 "gid":"workflow-7","trans_type":"workflow","status":"prepared","protocol":"http",
                 "next_cron_interval":10,"next_cron_time":"2026-11-29T10:00:10Z","concurrent":false,"retry_count":0},
                 "progresses":[{"create_time":"2026-11-29T10:00:01Z","update_time":"2026-11-29T10:00:01Z",
                 "gid":"workflow-7","bin_data":"NDI=","branch_id":"01","op":"action","status":"succeed"}]}
                """),
            ApiAnswers.Invalid("trans_type: must be workflow here"),
            ApiAnswers.Conflict(
                "The gid belongs to another pattern.", "gid belongs to a saga already. FAILURE"),
            ApiAnswers.TooMany,
            ApiAnswers.StoreAway,
        ],
    };
}
