using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Commands;

/// <summary>Lists and changes topics.</summary>
internal sealed class TopicsCommand : OdtmCommand
{
    private readonly Argument<string> _topic = new("TOPIC") { Description = "the topic" };

    private readonly Argument<string> _url = new("URL") { Description = "the subscriber's URL" };

    private readonly Option<string?> _remark = new("--remark")
    {
        Description = "a note beside the subscriber",
        HelpName = "TEXT",
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var topics = new Command("topics", "List topics with their subscribers, or change them.");
        OnRun(topics, options, terminal, List);

        var list = new Command("list", "List topics with their subscribers (default).");
        OnRun(list, options, terminal, List);
        var subscribe = new Command("subscribe", "Add a subscriber; the topic is created if it does not exist.")
        {
            _topic, _url, _remark,
        };
        OnRun(subscribe, options, terminal, Subscribe);
        var unsubscribe = new Command("unsubscribe", "Remove a subscriber.") { _topic, _url };
        OnRun(unsubscribe, options, terminal, Unsubscribe);
        var delete = new Command("delete", "Delete a topic with its subscribers.") { _topic };
        OnRun(delete, options, terminal, Delete);
        foreach (var command in (Command[])[list, subscribe, unsubscribe, delete])
        {
            topics.Subcommands.Add(command);
        }

        return topics;
    }

    private static async Task<int> List(Session session, ParseResult parsed, CancellationToken cancel)
    {
        List<(KeyValueView Topic, IReadOnlyList<SubscriberView> Subscribers)> found = [];
        var position = "";
        do
        {
            var (page, _) = await session.Coordinator.Get(
                $"scanKV?cat=topics&limit=500&position={Escape(position)}",
                ProtocolJson.Default.KeyValueListView,
                cancel);
            found.AddRange(page.Items.Select(static item => (
                item, (IReadOnlyList<SubscriberView>)(JsonSerializer.Deserialize(
                    item.Value, ProtocolJson.Default.ListSubscriberView) ?? []))));
            position = page.NextPosition ?? "";
        }
        while (position.Length > 0);

        found.Sort(static (a, b) => string.CompareOrdinal(a.Topic.Key, b.Topic.Key));
        if (session.IsJson)
        {
            session.WriteJson(new JsonObject { ["topics"] = new JsonArray([.. found.Select(Json)]) });
            return ExitCodes.Done;
        }

        if (found.Count == 0)
        {
            await session.Terminal.Error.WriteLineAsync("There are no topics.");
            return ExitCodes.Done;
        }

        var table = new Tables("TOPIC", "VERSION", "SUBSCRIBER", "REMARK");
        foreach (var (topic, subscribers) in found)
        {
            foreach (var subscriber in subscribers.DefaultIfEmpty(new SubscriberView { Url = "-" }))
            {
                table.Add(
                    Style.Plain(Words.Clean(topic.Key)),
                    topic.Version.ToString(CultureInfo.InvariantCulture),
                    Style.Plain(Words.Clean(subscriber.Url)),
                    Style.Plain(Words.Clean(subscriber.Remark)));
            }
        }

        table.Write(session.Terminal);
        return ExitCodes.Done;

        static JsonNode Json((KeyValueView Topic, IReadOnlyList<SubscriberView> Subscribers) row) => new JsonObject
        {
            ["topic"] = row.Topic.Key,
            ["version"] = row.Topic.Version,
            ["subscribers"] = JsonSerializer.SerializeToNode(
                [.. row.Subscribers], ProtocolJson.Readable.ListSubscriberView),
        };
    }

    private async Task<int> Subscribe(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (topic, url) = (parsed.GetRequiredValue(_topic), parsed.GetRequiredValue(_url));
        await session.Coordinator.Post(
            $"subscribe?topic={Escape(topic)}&url={Escape(url)}&remark={Escape(parsed.GetValue(_remark) ?? "")}",
            null, cancel);
        session.Report(
            $"{url} is a subscriber of {topic}.",
            new JsonObject { ["topic"] = topic, ["action"] = "subscribe", ["url"] = url });
        return ExitCodes.Done;
    }

    private async Task<int> Unsubscribe(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (topic, url) = (parsed.GetRequiredValue(_topic), parsed.GetRequiredValue(_url));
        session.Confirm($"{url} will get no more messages of {topic}.");
        await session.Coordinator.Post($"unsubscribe?topic={Escape(topic)}&url={Escape(url)}", null, cancel);
        session.Report(
            $"{url} is not a subscriber of {topic} any more.",
            new JsonObject { ["topic"] = topic, ["action"] = "unsubscribe", ["url"] = url });
        return ExitCodes.Done;
    }

    private async Task<int> Delete(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var topic = parsed.GetRequiredValue(_topic);
        session.Confirm($"{topic} will be deleted with its subscribers.");
        await session.Coordinator.Delete($"topic/{Escape(topic)}", cancel);
        session.Report($"{topic} is deleted.", new JsonObject { ["topic"] = topic, ["action"] = "delete" });
        return ExitCodes.Done;
    }
}
