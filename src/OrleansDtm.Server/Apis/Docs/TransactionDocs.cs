using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes the reads of transactions.</summary>
internal static class TransactionDocs
{
    private const string Saga = """
        {"id":7,"create_time":"2026-11-29T10:00:00Z","update_time":"2026-11-29T10:00:00.02Z","gid":"my-first-saga",
         "trans_type":"saga","status":"submitted","protocol":"http","options":"{\"request_timeout\":3}",
         "next_cron_interval":10,"next_cron_time":"2026-11-29T10:00:10Z","concurrent":false,"retry_count":1}
        """;

    public static ApiRoute NewGid { get; } = new()
    {
        Id = "newGid",
        Tag = ApiTags.Transactions,
        Summary = "Returns a new gid.",
        Details = "A gid may also be chosen by the submitter, such as the number of an order.",
        Answers =
        [
            ApiAnswers.Ok<NewGidView>(
                "A gid of 26 characters.", """{"gid":"01kb7xn2t4f5z8q9rs3v6w7y1d","dtm_result":"SUCCESS"}"""),
        ],
    };

    public static ApiRoute Query { get; } = new()
    {
        Id = "getTransaction",
        Tag = ApiTags.Transactions,
        Summary = "Returns a transaction with its branches, attempts and errors.",
        Details = "An unknown gid is answered 200 without a transaction, as in DTM. Values of secret headers, and of "
            + "secret query parameters in URLs, are *** for other roles than admin.",
        Parameters =
        [
            new ApiParameter("gid", "The transaction.") { IsRequired = true, LengthMax = 128 },
        ],
        Answers =
        [
            ApiAnswers.Ok<QueryView>("The transaction, or null.", $$"""
                {"branches":[{"create_time":"2026-11-29T10:00:00Z","update_time":"2026-11-29T10:00:00.02Z",
                 "gid":"my-first-saga","url":"http://bank:8080/out","bin_data":"eyJhbW91bnQiOjMwfQ==","branch_id":"01",
                 "op":"action","status":"prepared","attempts":1,"next_retry_time":"2026-11-29T10:00:10Z",
                 "last_error":"503 Service Unavailable","history":[{"time":"2026-11-29T10:00:00.02Z",
                 "duration_ms":12.5,"outcome":"unknown","error":"503 Service Unavailable"}]}],
                 "transaction":{{Saga}}}
                """),
            ApiAnswers.Invalid("gid: is missing"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute List { get; } = new()
    {
        Id = "listTransactions",
        Tag = ApiTags.Transactions,
        Summary = "Lists transactions, the newest first.",
        Details = "A page has at most limit transactions, and ends at 4 MB of data. At most two listings are read at "
            + "the same time; others wait. No index answers host, error and waiting: such a page ends after 5000 "
            + "transactions were read, so it may have few or none, with a next_position. So may a page of tags "
            + "or a gid prefix that many old transactions match. Other filters make the search shorter.",
        Parameters =
        [
            new ApiParameter("gid", "Only this transaction.") { LengthMax = 128 },
            new ApiParameter("gid_prefix", "Only gids that start with this text. Not in DTM.") { LengthMax = 128 },
            new ApiParameter(
                "tag",
                "Only with this tag, key:value, or key:prefix* for all values that start so. Several, separated by "
                + "commas, are all required. Not in DTM."),
            new ApiParameter(
                "host", "Only with a call to this host, or host:port; see above. Not in DTM.") { LengthMax = 256 },
            new ApiParameter(
                "error",
                "Only unfinished ones with a call whose last error contains this text, ignoring case; see above. "
                + "Not in DTM.") { LengthMax = 256 },
            new ApiParameter("status", "Only those in this status.")
            {
                Values = ["prepared", "submitted", "aborting", "succeed", "failed"],
            },
            new ApiParameter("transType", "Only those of this pattern.")
            {
                Values = ["saga", "msg", "tcc", "xa", "workflow"],
            },
            new ApiParameter(
                "parked", "true = only unfinished transactions with a call that is put aside. Reads a row of each "
                    + "unfinished transaction. Not in DTM."),
            new ApiParameter("unfinished", "true = only transactions that have not ended. Not in DTM."),
            new ApiParameter(
                "waiting",
                "Only unfinished transactions that wait for this reason; see waiting of a transaction. silo = overdue "
                    + "by more than 10 s. No index answers the others but parked; see above. Not in DTM.")
            {
                Values = ["retry", "ongoing", "parked", "orphan", "answer", "submit", "delay", "silo", "time"],
            },
            new ApiParameter("createTimeStart", "Created at or after, in milliseconds since 1970.")
            {
                IsNumber = true,
            },
            new ApiParameter("createTimeEnd", "Created at or before, in milliseconds since 1970.") { IsNumber = true },
            new ApiParameter("limit", "Transactions of a page; more than the maximum is the maximum.")
            {
                IsNumber = true, Min = 1, Max = 1000, Default = 100,
            },
            new ApiParameter("position", "The next_position of the previous page; empty = from the newest."),
        ],
        Answers =
        [
            ApiAnswers.Ok<ListView>("A page.", $$"""{"next_position":"7","transactions":[{{Saga}}]}"""),
            ApiAnswers.Invalid("status: 'done' is unknown; one of prepared, submitted, aborting, succeed, failed"),
            ApiAnswers.StoreAway,
        ],
    };
}
