using Orleans.Metadata;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains.Topic;

/// <summary>Stores the subscribers of one topic; the key is the topic's name.</summary>
[Alias("dtm.ITopicGrain"), DefaultGrainType("topic")]
internal interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>
    /// Adds a subscriber; the first one creates the topic. Conflict if the URL is already subscribed.
    /// </summary>
    [Alias("Subscribe")]
    Task<TransactionReply> Subscribe(string url, string remark);

    /// <summary>Removes a subscriber. NotFound if the topic or subscriber does not exist.</summary>
    [Alias("Unsubscribe")]
    Task<TransactionReply> Unsubscribe(string url);

    /// <summary>Removes the topic. NotFound if it does not exist.</summary>
    [Alias("Delete")]
    Task<TransactionReply> Delete();

    /// <summary>Returns the subscriber URLs; empty = the topic does not exist.</summary>
    [Alias("Subscribers")]
    Task<TopicSubscriber[]> Subscribers();
}

/// <summary>Stores the subscribers of a topic of a namespace; the key is the qualified name.</summary>
[Alias("dtm.INamespacedTopicGrain")]
internal interface INamespacedTopicGrain : ITopicGrain;

/// <summary>A subscriber: one URL that is called for each message to the topic.</summary>
[GenerateSerializer, Immutable, Alias("dtm.subscriber")]
internal sealed record TopicSubscriber([property: Id(0)] string Url, [property: Id(1)] string Remark);
