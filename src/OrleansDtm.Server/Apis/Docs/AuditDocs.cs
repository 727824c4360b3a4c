using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes the route of the audit log.</summary>
internal static class AuditDocs
{
    public static ApiRoute List { get; } = new()
    {
        Id = "listAuditRecords",
        Tag = ApiTags.Operations,
        Summary = "Lists the audit log, the newest first.",
        Details = "Who changed what. Filters are combined; only gid has an index. Not in DTM.",
        Parameters =
        [
            new ApiParameter("gid", "Only records of this transaction.") { LengthMax = 128 },
            new ApiParameter("caller", "Only records of this caller."),
            new ApiParameter("action", "Only records of this action, such as forceStop."),
            new ApiParameter("outcome", "Only records with this outcome.")
            {
                Values = ["done", "rejected", "failed", "refused"],
            },
            new ApiParameter("from", "At or after, in milliseconds since 1970.") { IsNumber = true },
            new ApiParameter("to", "Until, in milliseconds since 1970.") { IsNumber = true },
            new ApiParameter("position", "The next_position of the previous page; empty = from the newest.")
            {
                IsNumber = true,
            },
            new ApiParameter("limit", "Records of a page; more than the maximum is the maximum.")
            {
                IsNumber = true, Min = 1, Max = 1000, Default = 100,
            },
        ],
        Answers =
        [
            ApiAnswers.Ok<AuditView>("A page.", """
                {"records":[{"id":5,"time":"2026-11-29T10:00:00Z","action":"forceStop","outcome":"done",
                 "gid":"my-first-saga","caller":"boss","kind":"key","role":"admin","address":"10.0.0.7",
                 "before":"submitted","after":"failed","detail":""}],"next_position":""}
                """),
            ApiAnswers.Invalid("outcome: 'x' is unknown; one of done, rejected, failed, refused"),
            ApiAnswers.StoreAway,
        ],
    };
}
