using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Options;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Topic;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>Manages topic subscriptions and sends messages to subscribers.</summary>
public sealed class TopicService(
    IGrainFactory grains, IKeyValueStore store, IOptions<DtmGrainOptions> settings, BranchGrainDirectory branches,
    AuditedRequests audit)
{
    private const string Prefix = "topic://";
    private const int NameMax = 128;
    private const int RemarkMax = 512;
    private const long PayloadBytesMax = 64 * 1024 * 1024;
    private readonly RequestOptions _options = settings.Value.Requests;

    public Task<TransactionReply> Subscribe(string? topic, string? url, string? remark, Requester by) =>
        audit.Operation(by, "subscribe", $"{topic} {url}", () => Subscribe(by.Namespace, topic, url, remark));

    public Task<TransactionReply> Unsubscribe(string? topic, string? url, Requester by) =>
        audit.Operation(by, "unsubscribe", $"{topic} {url}", () => string.IsNullOrEmpty(url)
            ? throw new RequestException("url", "is missing")
            : Change(by.Namespace, topic, grain => grain.Unsubscribe(url)));

    public Task<TransactionReply> Delete(string? topic, Requester by) =>
        audit.Operation(
            by, "deleteTopic", topic ?? "", () => Change(by.Namespace, topic, static grain => grain.Delete()));

    /// <summary>Returns true if a call goes to a topic.</summary>
    public static bool IsNeededFor(Submission submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        return submission.Branches.Any(static b => IsTopic(b.Url));
    }

    /// <summary>Replaces each call to a topic by calls to its subscribers.</summary>
    /// <exception cref="RequestException">A topic is unknown or has no subscriber.</exception>
    public async Task<Submission> Expand(Submission submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        if (!IsNeededFor(submission))
        {
            return submission;
        }

        RefuseResultsOfTopics(submission);
        var space = Namespaces.Of(submission.Definition.Gid);
        var calls = ImmutableArray.CreateBuilder<BranchOpDefinition>(submission.Branches.Length);
        foreach (var branch in submission.Branches)
        {
            calls.AddRange(IsTopic(branch.Url)
                ? BranchPlan.FanOut(branch, await SubscribersOf(space, branch.Url[Prefix.Length..]))
                : [branch]);
        }

        var bytes = calls.Sum(static b => (long)b.Payload.Length);
        if (bytes > PayloadBytesMax)
        {
            throw new RequestException(
                "payloads", $"have {bytes} bytes for all subscribers; the maximum is {PayloadBytesMax}");
        }

        return calls.Count <= _options.StepsMax
            ? submission with { Branches = calls.DrainToImmutable() }
            : throw new RequestException("steps", $"have {calls.Count} calls for all topic subscribers; the maximum is "
                + $"{_options.StepsMax} (Limits:StepsMax)");
    }

    /// <summary>A topic has a result for each subscriber, and their number changes.</summary>
    private static void RefuseResultsOfTopics(Submission submission)
    {
        if (submission.Definition.Options.ResultBytesMax == 0)
        {
            return;
        }

        var topics = submission.Branches.Where(static b => IsTopic(b.Url)).Select(static b => b.Id).ToHashSet();
        foreach (var branch in submission.Branches)
        {
            if (ResultPayloads.UsedBy(branch.Payload).FirstOrDefault(topics.Contains) is { } used)
            {
                throw new RequestException(
                    "payloads",
                    $"action of step {branch.Id}: $result names step {used}, a topic, which has no result of its own");
            }
        }
    }

    private static bool IsTopic(string url) => url.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task<KeyValueListView> QueryKeyValue(
        string space, string? category, string? key, CancellationToken cancellationToken)
    {
        var item = IsTopics(category)
            ? await store.Get(TopicJson.CategoryOf(space), key ?? "", cancellationToken)
            : null;
        return new KeyValueListView { Items = item is null ? [] : [View(item)] };
    }

    public async Task<KeyValueListView> ScanKeyValue(
        string space, string? category, string? position, string? limit, CancellationToken cancellationToken)
    {
        var before = ListQuery.Whole("position", position, 0, 0, long.MaxValue);
        var count = (int)ListQuery.Whole("limit", limit, 100, 1, ListQuery.LimitMax);
        var page = IsTopics(category)
            ? await store.Scan(TopicJson.CategoryOf(space), before, count, cancellationToken)
            : [];
        return new KeyValueListView
        {
            Items = [.. page.Select(View)],
            NextPosition = page.Count < count ? "" : page[^1].Id.ToString(CultureInfo.InvariantCulture),
        };
    }

    private async Task<string[]> SubscribersOf(string space, string topic)
    {
        var name = Name(space, topic);
        var subscribers = await Delivery.Read(() => Grain(name).Subscribers());
        return subscribers.Length == 0
            ? throw new RequestException(
                "steps", $"topic not found: {RequestValidator.Printable(topic)} has no subscriber")
            : [.. subscribers.Select(static s => s.Url)];
    }

    private Task<TransactionReply> Subscribe(string space, string? topic, string? url, string? remark)
    {
        var name = Name(space, topic);
        if (string.IsNullOrEmpty(url))
        {
            throw new RequestException("url", "is missing");
        }

        if (remark?.Length > RemarkMax)
        {
            throw new RequestException("remark", $"is longer than {RemarkMax} characters");
        }

        var target = BranchUrlRules.Check(url, "grpc", "url", branches, _options.Targets);
        return Ask(() => Grain(name).Subscribe(target, remark ?? ""));
    }

    private Task<TransactionReply> Change(
        string space, string? topic, Func<ITopicGrain, Task<TransactionReply>> request)
    {
        var name = Name(space, topic);
        return Ask(() => request(Grain(name)));
    }

    /// <summary>The maximum length of a topic name, within Orleans' key limit.</summary>
    private static Task<TransactionReply> Ask(Func<Task<TransactionReply>> request) =>
        Delivery.Ask(request, TimeProvider.System);

    /// <summary>A silo of an earlier version has no grain for a topic of a namespace, and so never gets one.</summary>
    private ITopicGrain Grain(string name) => Namespaces.IsQualified(name)
        ? grains.GetGrain<INamespacedTopicGrain>(name)
        : grains.GetGrain<ITopicGrain>(name);

    /// <summary>Returns a valid name as it is stored.</summary>
    /// <exception cref="RequestException">The name is missing, too long, or contains control characters.</exception>
    public static string Name(string space, string? topic) => topic switch
    {
        null or "" => throw new RequestException("topic", "is missing: empty topic"),
        _ when topic.Length + Namespaces.Added(space) > NameMax =>
            throw new RequestException("topic", RequestValidator.TooLong(topic, space, NameMax)),
        _ when topic.Any(char.IsControl) => throw new RequestException("topic", "contains a control character"),
        _ => Namespaces.Qualify(space, topic),
    };

    /// <summary>Other categories look empty: the host's own values may be secrets, such as keys of sessions.</summary>
    private static bool IsTopics(string? category) => string.IsNullOrEmpty(category)
        ? throw new RequestException("cat", "is missing; topics is one")
        : category == TopicJson.Category;

    private static KeyValueView View(KeyValueItem item) => new()
    {
        Id = item.Id,
        CreateTime = item.Created.UtcDateTime,
        UpdateTime = item.Updated.UtcDateTime,
        Cat = TopicJson.Category,
        Key = item.Key,
        Value = item.Value,
        Version = item.Version,
    };
}
