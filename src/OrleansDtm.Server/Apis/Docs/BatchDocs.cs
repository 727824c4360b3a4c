using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes jobs.</summary>
internal static class BatchDocs
{
    private const string Job = """
        {"id":"01kb7xn2t4f5z8q9rs3v6w7y1d","operation":"retry","filter":{"host":"bank"},"dry_run":false,
         "limit":10000,"by":"key 'ops' from 10.0.0.7","status":"running","create_time":"2026-11-29T10:00:00Z",
         "update_time":"2026-11-29T10:00:02Z","matched":1000,"succeeded":998,"rejected":2,"failed":0,
         "last_error":"current status 'succeed', nothing is left to retry. FAILURE","sample":["order-42"]}
        """;

    public static ApiRoute Start { get; } = new()
    {
        Id = "startBatch",
        Tag = ApiTags.Operations,
        Summary = "Starts a job that changes many unfinished transactions.",
        Details = "The job survives the server: after a crash another silo goes on with it, and may repeat up to a "
            + "second of its work. It changes at most Limits:BatchRate transactions a second (500). Jobs run one "
            + "after the other. Each change is in the audit log with the job's id. Not in DTM.",
        Body = new ApiBody(
            typeof(BatchRequest),
            ("retry what waits for a service", """{"operation":"retry","filter":{"host":"bank:8080"}}"""),
            ("count only", """{"operation":"force_stop","filter":{"tag":"tenant:7"},"dry_run":true}""")),
        Answers =
        [
            ApiAnswers.Ok<BatchView>("The job.", Job),
            ApiAnswers.Invalid("filter: is empty; a job needs at least one condition"),
            ApiAnswers.TooMany,
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Show { get; } = new()
    {
        Id = "getBatch",
        Tag = ApiTags.Operations,
        Summary = "Returns a job with its progress.",
        Details = "Not in DTM.",
        Parameters = [new ApiParameter("id", "The job.") { IsRequired = true, LengthMax = 128 }],
        Answers =
        [
            ApiAnswers.Ok<BatchView>("The job.", Job),
            ApiAnswers.Invalid("id: is missing"),
            ApiAnswers.NotFound("No such job.", "no such job"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute List { get; } = new()
    {
        Id = "listBatches",
        Tag = ApiTags.Operations,
        Summary = "Lists jobs, the newest first.",
        Details = "Of those that have ended the last 100. Not in DTM.",
        Answers = [ApiAnswers.Ok<BatchListView>("The jobs.", $$"""{"batches":[{{Job}}]}"""), ApiAnswers.StoreAway],
    };

    public static ApiRoute Stop { get; } = new()
    {
        Id = "stopBatch",
        Tag = ApiTags.Operations,
        Summary = "Stops a job.",
        Details = "What it has done stays done. Not in DTM.",
        Body = new ApiBody(typeof(BatchName), ("a job", """{"id":"01kb7xn2t4f5z8q9rs3v6w7y1d"}""")),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("id: is missing"),
            ApiAnswers.NotFound("No such job.", "no such job"),
            ApiAnswers.Conflict("It has ended.", "the job is done"),
            ApiAnswers.StoreAway,
        ],
    };
}
