using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Topic;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Import;

/// <summary>
/// Imports the unfinished transactions of a DTM, page by page. It never changes a transaction that exists, so it can be
/// interrupted and run again.
/// </summary>
/// <param name="source">The database of DTM.</param>
/// <param name="mapper">Checks and converts rows.</param>
/// <param name="target">The store and its topics; null = a dry run.</param>
/// <param name="clock">Gives the time of the import.</param>
/// <param name="tell">Gets each row that is not imported; called from several threads.</param>
internal sealed class Importer(
    DtmSource source,
    DtmMapper mapper,
    (ITransactionStore Transactions, IKeyValueStore Topics)? target,
    TimeProvider clock,
    Action<string> tell)
{
    /// <summary>Parallel writes; the store commits them together.</summary>
    private const int Concurrency = 256;

    private const int TopicsAtOnce = 200;

    public ImportTally Tally { get; } = new();

    /// <param name="extent">The unfinished transactions.</param>
    /// <param name="batch">Transactions per page.</param>
    /// <param name="progress">Gets the number of processed transactions after each page.</param>
    /// <param name="stop">Stops between two pages.</param>
    /// <returns>False = it was stopped before the end.</returns>
    public async Task<bool> Transactions(DtmExtent extent, int batch, Action<long> progress, CancellationToken stop)
    {
        var done = 0L;
        var after = extent.FirstId - 1;
        while (!stop.IsCancellationRequested)
        {
            var page = await source.Page(after, extent.LastId, batch, CancellationToken.None);
            await Parallel.ForEachAsync(
                page,
                new ParallelOptions { MaxDegreeOfParallelism = Concurrency },
                async (item, _) =>
                    Tally.Add($"{Shown(item.Row.Type)} {Shown(item.Row.Status)}", await Take(item.Row, item.Branches)));
            progress(done += page.Count);
            if (page.Count < batch)
            {
                return true;
            }

            after = page[^1].Row.Id;
        }

        return false;
    }

    /// <returns>False = it was stopped before the end.</returns>
    public async Task<bool> Topics(CancellationToken stop)
    {
        var after = 0L;
        while (!stop.IsCancellationRequested)
        {
            var page = await source.Topics(after, TopicsAtOnce, CancellationToken.None);
            foreach (var topic in page)
            {
                Tally.Add("topic", await Take(topic));
            }

            if (page.Count < TopicsAtOnce)
            {
                return true;
            }

            after = page[^1].Id;
        }

        return false;
    }

    private async Task<Taking> Take(DtmTransaction row, IReadOnlyList<DtmBranch> branches)
    {
        var shown = $"{Shown(row.Type)} '{Shown(row.Gid)}' ({Shown(row.Status)})";
        try
        {
            var unreadable = row.Problem ?? branches.FirstOrDefault(static b => b.Problem is not null)?.Problem;
            if (unreadable is not null)
            {
                throw new InvalidDataException($"a value cannot be read: {unreadable}");
            }

            var transaction = mapper.Map(row, branches, clock.GetUtcNow());
            if (target is not var (transactions, _)
                || await transactions.Write(
                    new TransactionWrite(null, transaction, Owner: 0), CancellationToken.None) == WriteResult.Written)
            {
                return Taking.Taken;
            }

            var stored = await transactions.Load(row.Gid, CancellationToken.None);
            return Compare(shown, transaction.Definition, stored?.Transaction.Definition);
        }
        catch (Exception e) when (e is RequestException or InvalidDataException or StoreTooLargeException
            or StoreUnavailableException { InnerException: InvalidDataException }

            // A number or a date that no rule has foreseen.
            or ArgumentException or OverflowException or FormatException)
        {
            tell($"refused: {shown}: {e.Message}"); // By the rules, or because of its size by the store.
            return Taking.Refused;
        }
    }

    private Taking Compare(string shown, TransactionDefinition dtms, TransactionDefinition? ours)
    {
        if (ours is null || (ours.Type == dtms.Type && ours.Created == dtms.Created))
        {
            // If there is no row any more, it finished and was deleted between the two reads.
            return Taking.AlreadyHere;
        }

        tell($"gid in use: {shown}: a {Names.Of(ours.Type)} created at {ours.Created:u} has this gid here; DTM's was "
            + $"created at {dtms.Created:u} [ODTM3004]");
        return Taking.NameTaken;
    }

    private async Task<Taking> Take(DtmTopic topic)
    {
        string value;
        try
        {
            value = Subscribers(topic);
        }
        catch (RequestException e)
        {
            tell($"refused: topic '{Shown(topic.Topic)}': {e.Message}");
            return Taking.Refused;
        }

        const string category = TopicJson.Category;
        if (target is not var (_, topics)
            || await topics.Put(category, topic.Topic, value, expectedVersion: 0, CancellationToken.None)
                == WriteResult.Written)
        {
            return Taking.Taken;
        }

        var there = await topics.Get(TopicJson.Category, topic.Topic, CancellationToken.None);
        if (there is null || there.Value == value)
        {
            return Taking.AlreadyHere;
        }

        tell($"name in use: topic '{Shown(topic.Topic)}' has other subscribers here than in DTM; they were left as "
            + "they are");
        return Taking.NameTaken;
    }

    /// <summary>The value of a topic in the format of our store.</summary>
    private static string Subscribers(DtmTopic topic)
    {
        var name = TopicService.Name(space: "", topic.Topic);
        List<SubscriberView?> subscribers;
        try
        {
            subscribers = JsonSerializer.Deserialize(topic.Value, ProtocolJson.Readable.ListSubscriberView)! ?? [];
        }
        catch (JsonException e)
        {
            throw new RequestException("v", $"the subscribers of {Shown(name)} are not the JSON that DTM writes "
                + $"there: {e.Message}");
        }

        foreach (var subscriber in subscribers)
        {
            if (BranchUrlRules.Check(subscriber?.Url, "grpc", "url").Length == 0)
            {
                throw new RequestException("url", "a subscriber has none");
            }
        }

        return JsonSerializer.Serialize(subscribers!, ProtocolJson.Readable.ListSubscriberView);
    }

    private static string Shown(string text) => RequestValidator.Printable(text);
}
