using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>Tags and prefixes: what a search finds, and that the index follows writes and deletions.</summary>
public abstract partial class TransactionStoreConformance
{
    [Fact]
    public async Task Tags_FindTheirTransactions_TheNewestFirst()
    {
        await Insert("none");
        foreach (var (gid, order, shop) in new[]
        {
            ("a", "4711", "7"), ("b", "4712", "7"), ("c", "4711", "8"), ("d", "47", "8"), ("e", "5", "7"),
        })
        {
            await Tagged(gid, ("order", order), ("shop", shop));
        }

        Assert.Equal(["c", "a"], await Search("order:4711"));
        Assert.Equal(["c", "a"], await Search("order:4711", "order:47*"));
        Assert.Equal(["d", "c", "b", "a"], await Search("order:47*"));
        Assert.Equal(["e", "d", "c", "b", "a"], await Search("order:*"));
        Assert.Equal(["a"], await Search("order:4711", "shop:7"));
        Assert.Equal(["b", "a"], await Search("order:47*", "shop:7"));
        Assert.Equal(["b", "a"], await Search("shop:7", "order:47*"));
        Assert.Equal(["c"], await Search("order:471*", "shop:8*"));
        foreach (var other in new[] { "order:471", "Order:4711", "orde:r", "shop:4711", "order:48*", "r:*" })
        {
            Assert.Empty(await Search(other));
        }
    }

    [Fact]
    public async Task Tags_CompareByCodePoints()
    {
        foreach (var value in new[] { "é", "z", "Z", "日本", "日本語", "😀", "\uFFFD", "\uE000", "\uD7FF", "a b", "%_'" })
        {
            await Tagged($"g {value}", ("k", value));
        }

        foreach (var value in new[] { "é", "z", "Z", "😀", "\uFFFD", "\uE000", "\uD7FF", "a b", "%_'" })
        {
            Assert.Equal([$"g {value}"], await Search($"k:{value}"));
            Assert.Equal([$"g {value}"], await Search($"k:{value}*"));
        }

        Assert.Equal(["g 日本語", "g 日本"], await Search("k:日*"));
        Assert.Empty(await Search("k:e"));
        Assert.Empty(await Search("k:a*", "k:z"));
    }

    [Fact]
    public async Task Tags_OfTheGreatestSizeAndNumber()
    {
        var tags = Enumerable.Range(0, TransactionTags.CountMax)
            .Select(static i => (new string('日', TransactionTags.KeyMax - 1) + i, new string('語', 127) + i)).ToArray();
        await Tagged("great", tags);
        await Tagged("other", (tags[0].Item1, tags[0].Item2[..^1] + "x"));

        foreach (var (key, value) in tags)
        {
            Assert.Equal(["great"], await Search($"{key}:{value}"));
        }

        Assert.Equal(["great"], await Search([.. tags.Select(static t => $"{t.Item1}:{t.Item2}")]));
        Assert.Equal(["other", "great"], await Search($"{tags[0].Item1}:{tags[0].Item2[..^1]}*"));
    }

    [Fact]
    public async Task Tags_CombineWithEveryOtherFilterAndPage()
    {
        var gids = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var gid = $"p{i:D2}";
            var state = With(StoredSamples.Plain(gid, created: At(i)), ("all", "1"), ("mod", $"{i % 4}"));
            state = (i % 3) switch
            {
                1 => state with { Status = TransactionStatus.Failed, Finished = At(99) },
                2 => state with { Status = TransactionStatus.Succeed, Finished = At(99) },
                _ => state,
            };
            await Write(StoredSamples.Insert(state));
            gids.Insert(0, gid);
        }

        var filters = from tags in (string[][])[[], ["all:1"], ["all:*"], ["mod:1", "all:1"], ["mod:*", "all:1*"]]
                      from status in (TransactionStatus[])
                          [default, TransactionStatus.Failed, TransactionStatus.Succeed, TransactionStatus.Submitted]
                      from type in (TransactionType[])[default, TransactionType.Saga, TransactionType.Tcc]
                      from prefix in (string?[])[null, "p", "p2"]
                      from unfinished in (bool[])[false, true]
                      from window in (bool[])[false, true]
                      select new TransactionFilter
                      {
                          Tags = [.. tags.Select(Tag)],
                          Status = status,
                          Type = type,
                          GidPrefix = prefix,
                          IsUnfinished = unfinished,
                          CreatedFrom = window ? At(5) : null,
                          CreatedTo = window ? At(30) : null,
                          Limit = 7,
                      };
        var all = await Store.List(new TransactionFilter { Limit = 100 }, Token);
        Assert.Equal(gids, all.Select(static r => r.Transaction.Definition.Gid));
        foreach (var filter in filters)
        {
            var expected = all.Where(row => filter.Matches(row.Transaction)).Select(static row => row.Id).ToList();
            var found = new List<long>();
            for (var before = 0L; ;)
            {
                var page = await Store.List(filter with { BeforeId = before }, Token);
                found.AddRange(page.Select(static row => row.Id));
                if (page.Count == 0)
                {
                    break;
                }

                before = page[^1].Id;
            }

            Assert.Equal(expected, found);
        }

        Assert.Equal(
            "p07", Assert.Single(await Store.List(new TransactionFilter { Gid = "p07", Tags = [Tag("mod:3")] }, Token))
                .Transaction.Definition.Gid);
        Assert.Empty(await Store.List(new TransactionFilter { Gid = "p07", Tags = [Tag("mod:2")] }, Token));
    }

    [Fact]
    public async Task Tags_OfASubmitReplaceThoseOfItsPrepare()
    {
        var prepared = await Tagged("g", ("order", "1"), ("kept", "x"), ("gone", "y"));
        await Tagged("other", ("order", "1"));
        var submitted = StoredSamples.Update(
            prepared, static t => With(t, ("order", "2"), ("kept", "x"), ("new", "z")));
        Assert.Equal(WriteResult.Written, await Write(submitted));

        Assert.Equal(["other"], await Search("order:1"));
        Assert.Empty(await Search("gone:*"));
        foreach (var tag in new[] { "order:2", "kept:x", "new:z" })
        {
            Assert.Equal(["g"], await Search(tag));
        }

        var stored = (await Store.Load("g", Token))!.Transaction;
        Assert.Equal(StoredSamples.Describe(submitted.Next), StoredSamples.Describe(stored));

        // A later change of the definition leaves the index alone.
        await Write(StoredSamples.Update(stored, static t => t with
        {
            Definition = t.Definition with { CustomData = "c" },
        }));
        Assert.Equal(["g"], await Search("order:2"));
    }

    [Fact]
    public async Task Tags_OfARefusedWriteAreNotIndexed()
    {
        var first = await Tagged("g", ("order", "1"));
        Assert.Equal(
            WriteResult.Conflict,
            await Write(StoredSamples.Insert(With(StoredSamples.Plain("g"), ("order", "2"), ("only", "theirs")))));
        await Write(StoredSamples.Update(first, static t => t with { Result = "r" }));
        Assert.Equal(
            WriteResult.Conflict, await Write(StoredSamples.Update(first, static t => With(t, ("order", "3")))));

        Assert.Equal(["g"], await Search("order:1"));
        Assert.Empty(await Search("order:2"));
        Assert.Empty(await Search("order:3"));
        Assert.Empty(await Search("only:*"));
    }

    [Fact]
    public async Task Tags_OfOneBatch_WithAndWithout_InsertsAndUpdates()
    {
        var before = new List<Transaction>();
        for (var i = 0; i < 30; i++)
        {
            before.Add(await Tagged($"u{i}", ("u", $"{i}")));
        }

        var writes = Enumerable.Range(0, 300).Select(i => Write(StoredSamples.Insert(i % 3 == 0
            ? StoredSamples.Plain($"n{i}")
            : With(StoredSamples.Plain($"n{i}"), ("n", $"{i}"), ("mod", $"{i % 7}"))))).Concat(
            before.Select((t, i) => Write(StoredSamples.Update(
                t, state => i % 2 == 0 ? state with { Result = "r" } : With(state, ("u", $"new {i}"))))));
        Assert.All(await Task.WhenAll(writes), static r => Assert.Equal(WriteResult.Written, r));

        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(i % 3 == 0 ? [] : [$"n{i}"], await Search($"n:{i}"));
        }

        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(i % 2 == 0 ? [$"u{i}"] : [], await Search($"u:{i}"));
            Assert.Equal(i % 2 == 0 ? [] : [$"u{i}"], await Search($"u:new {i}"));
        }

        Assert.Equal(
            Enumerable.Range(0, 300).Where(static i => i % 3 != 0 && i % 7 == 2).Select(static i => $"n{i}").Order(),
            (await Search("mod:2")).Order());
    }

    [Fact]
    public async Task Tags_AreDeletedWithTheirTransaction()
    {
        var old = await Tagged("old", ("order", "1"));
        await Write(StoredSamples.Update(old, static t => StoredSamples.Finish(t)));
        await Tagged("young", ("order", "1"));
        Assert.Equal(1, (await Store.DeleteFinished(old.Updated.AddSeconds(2), 0, 10, Token)).Deleted);

        Assert.Equal(["young"], await Search("order:1"));
        await Tagged("old", ("order", "2"));
        Assert.Equal(["young"], await Search("order:1"));
        Assert.Equal(["old"], await Search("order:2"));
    }

    [Fact]
    public async Task GidPrefix_FindsAllThatStartSo()
    {
        foreach (var gid in new[] { "order-1", "order-12", "order-2", "Order-1", "orde", "order-1é", "order", "é" })
        {
            await Insert(gid);
        }

        Assert.Equal(["order-1é", "order-12", "order-1"], await ByPrefix("order-1"));
        Assert.Equal(["order", "order-1é", "order-2", "order-12", "order-1"], await ByPrefix("order"));
        Assert.Equal(["é"], await ByPrefix("é"));
        Assert.Empty(await ByPrefix("order-3"));
        Assert.Empty(await ByPrefix("e"));

        async Task<IEnumerable<string>> ByPrefix(string prefix) =>
            (await Store.List(new TransactionFilter { GidPrefix = prefix }, Token))
                .Select(static r => r.Transaction.Definition.Gid);
    }

    private static TagFilter Tag(string text) =>
        text.EndsWith('*') ? new TagFilter(text[..^1], IsPrefix: true) : new TagFilter(text, IsPrefix: false);

    private static Transaction With(Transaction state, params (string Key, string Value)[] tags) => state with
    {
        Definition = state.Definition with
        {
            Tags = TransactionTags.Of(tags.Select(static t => KeyValuePair.Create(t.Key, t.Value))),
        },
    };

    private async Task<Transaction> Tagged(string gid, params (string Key, string Value)[] tags)
    {
        var state = With(StoredSamples.Plain(gid), tags);
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Insert(state)));
        return state;
    }

    private async Task<List<string>> Search(params string[] tags)
    {
        var found = await Store.List(new TransactionFilter { Tags = [.. tags.Select(Tag)], Limit = 1000 }, Token);
        return [.. found.Select(static r => r.Transaction.Definition.Gid)];
    }
}
