using Orleans.Placement;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Topic;

/// <summary>
/// Stores the subscribers of a topic in DTM's format, so that queryKV and scanKV return the same. Each change reads
/// first and checks the version on write, so that it never overwrites a change by another silo.
/// </summary>
internal abstract class StoredTopic(IKeyValueStore store) : Grain, ITopicGrain
{
    private const int TriesMax = 5;
    private const int SubscribersMax = 1000;

    private string Topic => Namespaces.Plain(this.GetPrimaryKeyString());

    private string Category => TopicJson.CategoryOf(Namespaces.Of(this.GetPrimaryKeyString()));

    public Task<TransactionReply> Subscribe(string url, string remark) => Change((_, subscribers) =>
    {
        if (subscribers.Any(s => s.Url == url))
        {
            return (Refused(ReplyKind.Conflict, "this url exists"), null);
        }

        return subscribers.Count >= SubscribersMax
            ? (Refused(ReplyKind.Conflict, $"the topic has {SubscribersMax} subscribers already"), null)
            : (Done, [.. subscribers, new SubscriberView { Url = url, Remark = remark }]);
    });

    public Task<TransactionReply> Unsubscribe(string url) => Change((item, subscribers) =>
        item is null ? (Refused(ReplyKind.NotFound, "no such a topic"), null)
        : subscribers.All(s => s.Url != url) ? (Refused(ReplyKind.NotFound, "no such an url"), null)
        : (Done, [.. subscribers.Where(s => s.Url != url)]));

    public Task<TransactionReply> Delete() => Guard(async () =>
    {
        for (var i = 0; i < TriesMax; i++)
        {
            var item = await store.Get(Category, Topic, CancellationToken.None);
            if (item is null)
            {
                return Refused(ReplyKind.NotFound, "no such a topic");
            }

            if (await store.Delete(Category, Topic, item.Version, CancellationToken.None) == WriteResult.Written)
            {
                return Done;
            }
        }

        return Refused(ReplyKind.Unavailable, "the topic is being changed by another request");
    });

    public async Task<TopicSubscriber[]> Subscribers()
    {
        KeyValueItem? item;
        try
        {
            item = await store.Get(Category, Topic, CancellationToken.None);
        }
        catch (StoreUnavailableException e)
        {
            throw new TimeoutException(e.Message); // An exception type that every caller in the cluster knows.
        }

        return [.. TopicJson.Read(item?.Value).Select(static s => new TopicSubscriber(s.Url, s.Remark))];
    }

    private static TransactionReply Done { get; } = new() { Kind = ReplyKind.Ok };

    private static TransactionReply Refused(ReplyKind kind, string message) => new() { Kind = kind, Message = message };

    private static async Task<TransactionReply> Guard(Func<Task<TransactionReply>> change)
    {
        try
        {
            return await change();
        }
        catch (StoreUnavailableException e)
        {
            return Refused(ReplyKind.Unavailable, e.Message);
        }
        catch (StoreTooLargeException e)
        {
            return Refused(ReplyKind.TooLarge, e.Message);
        }
    }

    private Task<TransactionReply> Change(
        Func<KeyValueItem?, List<SubscriberView>, (
            TransactionReply Reply, List<SubscriberView>? Next)> change) => Guard(async () =>
    {
        for (var i = 0; i < TriesMax; i++)
        {
            var item = await store.Get(Category, Topic, CancellationToken.None);
            var (reply, next) = change(item, TopicJson.Read(item?.Value));
            if (next is null
                || await store.Put(Category, Topic, TopicJson.Write(next), item?.Version ?? 0, CancellationToken.None)
                    == WriteResult.Written)
            {
                return reply;
            }
        }

        return Refused(ReplyKind.Unavailable, "the topic is being changed by another request");
    });
}

/// <summary>A topic of the default namespace.</summary>
[PreferLocalPlacement]
internal sealed class TopicGrain(IKeyValueStore store) : StoredTopic(store);

/// <summary>A topic of another namespace.</summary>
[PreferLocalPlacement]
internal sealed class NamespacedTopicGrain(IKeyValueStore store) : StoredTopic(store), INamespacedTopicGrain;
