using System.Globalization;
using System.Text.Json;

namespace OrleansDtm.Storage;

/// <summary>
/// Each shard stores its index and the number of shards as a key-value item. A list of shards in another order, of
/// another length, or with a wrong database would lose transactions silently: they would be looked for elsewhere.
/// </summary>
internal static class ShardRecords
{
    private const string Category = "store";
    private const string Key = "shard";

    /// <summary>Compares the records with the list, and writes those of new databases.</summary>
    /// <exception cref="StoreSchemaException">They contradict each other; the message contains the remedy.</exception>
    public static async Task Check(IReadOnlyList<ITransactionStore> shards, CancellationToken cancellationToken)
    {
        var known = await Read(shards, cancellationToken).ConfigureAwait(false);
        if (shards.Count == 1)
        {
            return; // A single database has no record.
        }

        if (known.Contains(null))
        {
            // All records are written before the first transaction. So a database with transactions and no record is
            // older than the set, or belongs to another one. But another process may have written the records
            // meanwhile.
            var used = await shards.AskAll(
                s => s.List(new TransactionFilter { Limit = 1 }, cancellationToken)).ConfigureAwait(false);
            if (used.Any(static page => page.Count > 0))
            {
                known = await Read(shards, cancellationToken).ConfigureAwait(false);
                RefuseWithout(known, number => used[number].Count > 0);
            }
        }

        for (var number = 0; number < shards.Count; number++)
        {
            var value = string.Create(
                CultureInfo.InvariantCulture, $$"""{"number":{{number}},"count":{{shards.Count}}}""");
            if (known[number] is null)
            {
                await shards.Ask(number, s => ((IKeyValueStore)s).Put(Category, Key, value, 0, cancellationToken))
                    .ConfigureAwait(false);
            }
        }

        // Another process may have written different records first.
        await Read(shards, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<Remembered?[]> Read(
        IReadOnlyList<ITransactionStore> shards, CancellationToken cancellationToken)
    {
        var items = await shards.AskAll(
            s => ((IKeyValueStore)s).Get(Category, Key, cancellationToken)).ConfigureAwait(false);
        var known = items.Select(static item => item is null ? null : Parse(item.Value)).ToArray();
        for (var number = 0; number < known.Length; number++)
        {
            if (known[number] is { } found)
            {
                Refuse(found, number, known.Length);
            }
        }

        return known;
    }

    private static void Refuse(Remembered found, int number, int count)
    {
        if (count == 1)
        {
            throw new StoreSchemaException(
                $"This database is shard {found.Number} of {found.Count} and holds only a part of the transactions: "
                + $"name all {found.Count} databases in Store:Shards, in the order they were first started with. "
                + "[ODTM2007]");
        }

        if (found.Count != count)
        {
            throw new StoreSchemaException(
                $"Store:Shards lists {count} databases, and that of Store:Shards:{number} remembers {found.Count}. "
                + $"Where a gid is kept depends on their number: list all {found.Count} again, in the order they "
                + "were first started with. [ODTM2007]");
        }

        if (found.Number != number)
        {
            throw new StoreSchemaException(
                $"Store:Shards:{number} names the database that was shard {found.Number} of {found.Count}; its "
                + "transactions would not be found there. List the databases in the order they were first started "
                + "with. [ODTM2007]");
        }
    }

    private static void RefuseWithout(Remembered?[] known, Func<int, bool> holdsTransactions)
    {
        for (var number = 0; number < known.Length; number++)
        {
            if (known[number] is null)
            {
                throw new StoreSchemaException(holdsTransactions(number)
                    ? $"Store:Shards:{number} names a database that holds transactions from before it was one of "
                        + $"{known.Length}: most of them would no longer be found. Let it serve alone, without "
                        + "Store:Shards, or begin the shards with empty databases. [ODTM2007]"
                    : $"Store:Shards:{number} names a database that was never one of these {known.Length}, and "
                        + "others hold transactions already: name the right one, or restore its backup. [ODTM2007]");
            }
        }
    }

    private static Remembered Parse(string value)
    {
        try
        {
            using var json = JsonDocument.Parse(value);
            return new Remembered(
                json.RootElement.GetProperty("number").GetInt32(), json.RootElement.GetProperty("count").GetInt32());
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StoreSchemaException($"The record of shards (dtm_kv: {Category}, {Key}) is '{value}', which "
                + "this program cannot read: restore it. [ODTM2007]");
        }
    }

    private sealed record Remembered(int Number, int Count);
}
