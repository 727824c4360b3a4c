using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes health, version and metrics.</summary>
internal static class ServerDocs
{
    public static ApiRoute Ping { get; } = new()
    {
        Id = "ping",
        Tag = ApiTags.Server,
        Method = HttpMethods.Get,
        Summary = "Answers pong.",
        Details = "Any method.",
        Answers = [ApiAnswers.Ok<PingView>("The server responds.", """{"msg":"pong"}""")],
    };

    public static ApiRoute Version { get; } = new()
    {
        Id = "getVersion",
        Tag = ApiTags.Server,
        Summary = "Returns the version of the server.",
        Answers = [ApiAnswers.Ok<VersionView>("The version.", """{"version":"0.1.0"}""")],
    };

    public static ApiRoute Live { get; } = new()
    {
        Id = "getLiveness",
        Tag = ApiTags.Server,
        Summary = "Liveness: the process responds.",
        Answers = [ApiAnswers.Text(200, "Alive.", "alive")],
    };

    public static ApiRoute Ready { get; } = new()
    {
        Id = "getReadiness",
        Tag = ApiTags.Server,
        Summary = "Readiness: the server can accept transactions.",
        Details = "The store is writable, the silo is in its cluster, and the server does not stop.",
        Answers =
        [
            ApiAnswers.Text(200, "Ready. A warning may follow after a semicolon.", "ready"),
            ApiAnswers.Text(503, "Not ready; the text is the reason.", "the store cannot be written"),
        ],
    };

    public static ApiRoute Metrics { get; } = new()
    {
        Id = "getMetrics",
        Tag = ApiTags.Server,
        Method = HttpMethods.Get,
        Summary = "Metrics for Prometheus.",
        Details = "With Security:AnonymousMetrics=true no key is needed.",
        Answers =
        [
            ApiAnswers.Text(
                200,
                "The Prometheus text format; OpenMetrics if the Accept header asks for it.",
                "dtm_server_process_total{api=\"submit\",status=\"ok\",type=\"http\"} 7"),
        ],
    };
}
