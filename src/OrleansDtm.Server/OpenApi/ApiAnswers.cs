using OrleansDtm.Protocol;

namespace OrleansDtm.Server.OpenApi;

/// <summary>Answers that many routes give.</summary>
internal static class ApiAnswers
{
    public static ApiAnswer Done { get; } = Ok<ResultView>("Done.", """{"dtm_result":"SUCCESS"}""");

    public static ApiAnswer StoreAway { get; } = Error(
        503,
        "The store does not answer, the server stops, or too many large bodies arrive at the same time: the outcome is "
        + "undecided, retry after the seconds of Retry-After. Nothing is lost.",
        "UNAVAILABLE",
        "try again: the store does not answer");

    /// <summary>A token cannot be verified.</summary>
    public static ApiAnswer Undecided { get; } = Error(
        503,
        "A token cannot be verified now, because its issuer does not answer. Retry after the seconds of Retry-After.",
        "UNAVAILABLE",
        "try again: the keys of the issuer cannot be fetched");

    public static ApiAnswer UsePost { get; } = Error(
        405,
        "With Security:DenyStateChangingGet=true: GET may not change state. Use POST.",
        "ERROR",
        "GET may not change state here (Security:DenyStateChangingGet); send the same request with POST");

    public static ApiAnswer TooMany { get; } = Error(
        429,
        "The caller has reached a limit (Security:RequestsPerSecond, InFlightMax, UnfinishedMax, or those of its key). "
        + "Retry after the seconds of Retry-After.",
        "ERROR",
        "'shop' has exceeded its request rate");

    public static ApiAnswer TooSlow { get; } = Error(
        408,
        "A body of more than 64 KiB did not arrive within 30 seconds.",
        "FAILURE",
        "body: the body arrives too slowly");

    public static ApiAnswer TooLarge { get; } = Error(
        413,
        "The body is larger than the caller may send (Security:RequestBytesMax, or bytes= of its key), or the "
        + "transaction is larger than the store accepts.",
        "FAILURE",
        "body: Request body too large. The max request body size is 65536 bytes.");

    public static ApiAnswer Ok<T>(string text, string example) => new(200, text, typeof(T), example);

    public static ApiAnswer Text(int status, string text, string example) => new(status, text, null, example);

    /// <summary>400: a field or parameter.</summary>
    public static ApiAnswer Invalid(string message) => Error(
        400,
        "The request is invalid; the message names the field. Nothing was stored. A body above Limits:RequestBytesMax "
        + "(4 MiB) is invalid too.",
        "FAILURE",
        message);

    /// <summary>404.</summary>
    public static ApiAnswer NotFound(string text, string message) => Error(404, text, "FAILURE", message);

    /// <summary>409.</summary>
    public static ApiAnswer Conflict(string text, string message) => Error(409, text, "FAILURE", message);

    /// <summary>425.</summary>
    public static ApiAnswer Unfinished(string text) => Error(
        425,
        text,
        "ONGOING",
        "ONGOING: the transaction is submitted and goes on after a retry; last error: 503 Service Unavailable");

    /// <summary>An answer in DTM's envelope.</summary>
    public static ApiAnswer Error(int status, string text, string result, string message) => new(
        status,
        text,
        typeof(ResultView),
        $$"""{"dtm_result":"{{result}}","message":"{{message}}"}""");
}
