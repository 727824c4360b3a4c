using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Topic;

/// <summary>Reads and writes a topic's value in DTM's format: [{"url":..,"remark":..}].</summary>
public static class TopicJson
{
    /// <summary>The category of topics in the key-value store.</summary>
    public const string Category = "topics";

    /// <summary>The topics of a namespace, so that a scan reads only those.</summary>
    internal static string CategoryOf(string space) => space.Length == 0 ? Category : $"{Category}@{space}";

    internal static List<SubscriberView> Read(string? value) =>
        value is null ? [] : JsonSerializer.Deserialize(value, ProtocolJson.Readable.ListSubscriberView) ?? [];

    internal static string Write(List<SubscriberView> subscribers) =>
        JsonSerializer.Serialize(subscribers, ProtocolJson.Readable.ListSubscriberView);
}
