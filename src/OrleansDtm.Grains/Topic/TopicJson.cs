using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Topic;

/// <summary>A topic's value in DTM's form: [{"url":..,"remark":..}].</summary>
internal static class TopicJson
{
    public static List<SubscriberView> Read(string? value) =>
        value is null ? [] : JsonSerializer.Deserialize(value, ProtocolJson.Readable.ListSubscriberView) ?? [];

    public static string Write(List<SubscriberView> subscribers) =>
        JsonSerializer.Serialize(subscribers, ProtocolJson.Readable.ListSubscriberView);
}
