using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains.Topic;

/// <summary>The subscribers of one topic; the key is its name.</summary>
[Alias("dtm.ITopicGrain")]
internal interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Adds a subscriber, and the topic with the first. Conflict when the URL is subscribed already.</summary>
    [Alias("Subscribe")]
    Task<TransactionReply> Subscribe(string url, string remark);

    /// <summary>Removes a subscriber. NotFound when there is no such topic or subscriber.</summary>
    [Alias("Unsubscribe")]
    Task<TransactionReply> Unsubscribe(string url);

    /// <summary>Removes the topic. NotFound when there is none.</summary>
    [Alias("Delete")]
    Task<TransactionReply> Delete();

    /// <summary>Who is called; empty = no such topic.</summary>
    [Alias("Subscribers")]
    Task<TopicSubscriber[]> Subscribers();
}

/// <summary>One URL that is called for each message to a topic.</summary>
[GenerateSerializer, Immutable, Alias("dtm.subscriber")]
internal sealed record TopicSubscriber([property: Id(0)] string Url, [property: Id(1)] string Remark);
