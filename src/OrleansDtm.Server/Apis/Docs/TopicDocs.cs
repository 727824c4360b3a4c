using OrleansDtm.Protocol;
using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes the routes of topics.</summary>
internal static class TopicDocs
{
    private const string Page = """
        {"kv":[{"id":3,"create_time":"2026-11-29T10:00:00Z","update_time":"2026-11-29T10:00:00Z","cat":"topics",
         "k":"order-paid","v":"[{\"url\":\"http://mail:8080/send\",\"remark\":\"\"}]","version":1}]
        """;

    private static readonly ApiParameter Topic = new("topic", "Its name, without control characters.")
    {
        IsRequired = true,
        LengthMax = 128,
    };

    private static readonly ApiParameter Category = new("cat", "The category. Others than topics look empty.")
    {
        IsRequired = true,
    };

    public static ApiRoute Subscribe { get; } = new()
    {
        Id = "subscribeTopic",
        IdOfGet = "subscribeTopicByGet",
        Tag = ApiTags.Topics,
        Summary = "Adds a subscriber to a topic.",
        Details = "The first subscriber creates the topic. A topic has at most 1000 subscribers.",
        Parameters =
        [
            Topic,
            new ApiParameter("url", "What a msg with a step topic://name calls.") { IsRequired = true },
            new ApiParameter("remark", "A text for operators.") { LengthMax = 512 },
        ],
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("url: is missing"),
            ApiAnswers.Conflict("The URL is subscribed already, or the topic is full.", "this url exists"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Unsubscribe { get; } = new()
    {
        Id = "unsubscribeTopic",
        IdOfGet = "unsubscribeTopicByGet",
        Tag = ApiTags.Topics,
        Summary = "Removes a subscriber from a topic.",
        Parameters = [Topic, new ApiParameter("url", "The URL that was subscribed.") { IsRequired = true }],
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("url: is missing"),
            ApiAnswers.NotFound("No such topic or subscriber.", "no such a topic"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Delete { get; } = new()
    {
        Id = "deleteTopic",
        Tag = ApiTags.Topics,
        Summary = "Removes a topic with its subscribers.",
        Parameters = [new ApiParameter("topicName", "Its name.") { LengthMax = 128 }],
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("topic: is longer than 128 characters"),
            ApiAnswers.NotFound("No such topic.", "no such a topic"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Query { get; } = new()
    {
        Id = "getTopic",
        Tag = ApiTags.Topics,
        Summary = "Returns a topic with its subscribers.",
        Details = "An entry of DTM's key-value store. Secret query values of URLs are *** for other roles than admin.",
        Parameters = [Category, new ApiParameter("key", "The name of the topic.") { LengthMax = 128 }],
        Answers =
        [
            ApiAnswers.Ok<KeyValueListView>("The entry, or none.", Page + "}"),
            ApiAnswers.Invalid("cat: is missing; topics is one"),
            ApiAnswers.StoreAway,
        ],
    };

    public static ApiRoute Scan { get; } = new()
    {
        Id = "listTopics",
        Tag = ApiTags.Topics,
        Summary = "Lists topics, the newest first.",
        Parameters =
        [
            Category,
            new ApiParameter("position", "The next_position of the previous page; empty = from the newest.")
            {
                IsNumber = true,
            },
            new ApiParameter("limit", "Entries of a page; more than the maximum is the maximum.")
            {
                IsNumber = true, Min = 1, Max = 1000, Default = 100,
            },
        ],
        Answers =
        [
            ApiAnswers.Ok<KeyValueListView>("A page.", Page + ""","next_position":""}"""),
            ApiAnswers.Invalid("limit: 'x' is not a whole number of 1 or more"),
            ApiAnswers.StoreAway,
        ],
    };
}
