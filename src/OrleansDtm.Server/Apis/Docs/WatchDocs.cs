using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes the wait for an end and the stream of events.</summary>
internal static class WatchDocs
{
    private const string Ended = """
        {"branches":[],"transaction":{"id":7,"create_time":"2026-11-29T10:00:00Z",
         "update_time":"2026-11-29T10:00:00.02Z","gid":"my-first-saga","trans_type":"saga","status":"STATUS",
         "protocol":"http","next_cron_time":"2026-11-29T10:00:00.02Z","concurrent":false,"retry_count":0}}
        """;

    public static ApiRoute Wait { get; } = new()
    {
        Id = "waitForTransaction",
        Tag = ApiTags.Transactions,
        Summary = "Waits until a transaction has ended.",
        Details = "Answers as soon as it has succeeded or failed, on any silo and without polling. After the timeout "
            + "it answers 425 with the transaction as it is; ask again. Not in DTM.",
        Parameters =
        [
            new ApiParameter("gid", "The transaction.") { IsRequired = true, LengthMax = 128 },
            new ApiParameter("timeout", "Seconds; more than the maximum is the maximum. 0 = answer at once.")
            {
                IsNumber = true, Max = WatchApi.WaitSecondsMax, Default = 30,
            },
        ],
        Answers =
        [
            ApiAnswers.Ok<QueryView>("It has ended: succeed or failed.", Ended.Replace(
                "STATUS", "succeed", StringComparison.Ordinal)),
            ApiAnswers.Invalid("gid: is missing"),
            ApiAnswers.NotFound("No such gid.", "no such gid"),
            new ApiAnswer(
                425,
                "It has not ended within the timeout. It continues.",
                typeof(QueryView),
                Ended.Replace("STATUS", "submitted", StringComparison.Ordinal)),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Events { get; } = new()
    {
        Id = "streamEvents",
        Tag = ApiTags.Transactions,
        Summary = "Streams changes of transactions as server-sent events.",
        Details = "An event `transaction` for each new transaction and each change of a status, of all silos. Events "
            + "of one transaction are in order. The first event is `ready`: changes from then on are sent. `reset` "
            + "says that changes were missed, because the reader was too slow or away too long, a silo joined, left or "
            + "did not answer: read the state again, for example by a listing. A reader that reconnects to the same "
            + "server within a minute with Last-Event-ID gets what it has missed, otherwise a reset. A comment is sent "
            + "every 15 seconds. Not in DTM.",
        Parameters =
        [
            new ApiParameter("gid", "Only this transaction.") { LengthMax = 128 },
            new ApiParameter("gid_prefix", "Only gids that start with this text.") { LengthMax = 128 },
            new ApiParameter("tag", "Only with this tag, key:value or key:prefix*; several, separated by commas, are "
                + "all required."),
            new ApiParameter("status", "Only changes to this status.")
            {
                Values = ["prepared", "submitted", "aborting", "succeed", "failed"],
            },
            new ApiParameter("transType", "Only those of this pattern.")
            {
                Values = ["saga", "msg", "tcc", "xa", "workflow"],
            },
            new ApiParameter(
                "last_event_id", "The same as the header Last-Event-ID, for clients that cannot set headers."),
        ],
        Answers =
        [
            new ApiAnswer(200, "The stream. It ends when the server stops.", null, """
                id: 639000000000000000-7
                event: ready
                data: {}

                event: transaction
                data: {"gid":"my-first-saga","trans_type":"saga","status":"submitted",
                data: "create_time":"2026-11-29T10:00:00Z","update_time":"2026-11-29T10:00:00Z"}

                """)
            {
                ContentType = "text/event-stream",
            },
            ApiAnswers.Invalid("status: 'done' is unknown; one of prepared, submitted, aborting, succeed, failed"),
            ApiAnswers.StoreAway,
        ],
    };
}
