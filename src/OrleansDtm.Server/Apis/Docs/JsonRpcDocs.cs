using System.Text.Json;
using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes the JSON-RPC endpoint.</summary>
internal static class JsonRpcDocs
{
    public static ApiRoute Call { get; } = new()
    {
        Id = "callJsonRpc",
        Tag = ApiTags.JsonRpc,
        Summary = "Calls newGid, prepare, submit, abort, registerBranch, query, wait, batch, batchStatus, batches or "
            + "batchStop.",
        Details = "JSON-RPC 2.0. params is the body of the HTTP request of the same name. newGid and batches have "
            + "none, query takes gid, wait takes gid and timeout, batchStatus takes id. A wait that times out answers "
            + "with the transaction as it is. Any JSON is answered 200, and error tells what happened. Codes: -32901 "
            + "failed (as 409), -32902 not finished (as 425), -32700 not JSON, -32600 not a call, -32601 unknown "
            + "method, -32603 an invalid or undecided call. One call a request: an array of calls is refused. prepare, "
            + "submit, abort and registerBranch need the role submit, batch and batchStop the role admin. query, wait "
            + "and the methods of jobs are not in DTM.",
        Body = new ApiBody(
            typeof(JsonRpcRequest),
            ("newGid", """{"jsonrpc":"2.0","id":"1","method":"newGid"}"""),
            ("submit", """
                {"jsonrpc":"2.0","id":"2","method":"submit","params":{"gid":"my-second-saga","trans_type":"saga",
                 "steps":[{"action":"","compensate":""}],"payloads":["{}"]}}
                """)),
        Answers =
        [
            ApiAnswers.Ok<JsonRpcReplyView>(
                "The answer; error is null if the call succeeded.",
                """{"error":null,"id":"1","jsonrpc":"2.0","result":{"gid":"01kb7xn2t4f5z8q9rs3v6w7y1d"}}"""),
            Error(400, "The body is not JSON.", JsonRpcCodes.Parse, "Parse json error: '{' is invalid"),
        ],
        Shape = static answer => Error(
            answer.Status,
            answer.Text,
            answer.Status switch
            {
                StatusCodes.Status401Unauthorized => JsonRpcCodes.Unauthenticated,
                StatusCodes.Status403Forbidden => JsonRpcCodes.Forbidden,
                StatusCodes.Status429TooManyRequests => JsonRpcCodes.TooMany,
                StatusCodes.Status413PayloadTooLarge => JsonRpcCodes.BadRequest,
                _ => JsonRpcCodes.Internal,
            },
            JsonDocument.Parse(answer.Example).RootElement.GetProperty("message").GetString()!),
    };

    private static ApiAnswer Error(int status, string text, int code, string message) => new(
        status,
        text,
        typeof(JsonRpcReplyView),
        $$"""{"error":{"code":{{code}},"message":"{{message}}"},"id":null,"jsonrpc":"2.0","result":null}""");
}
