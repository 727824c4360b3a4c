using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

public abstract partial class TransactionStoreConformance
{
    private IKeyValueStore KeyValues => (IKeyValueStore)Store;

    [Fact]
    public async Task Put_IsRead_AndCountsItsVersions()
    {
        Assert.Null(await KeyValues.Get("topics", "t", Token));
        Assert.Equal(WriteResult.Written, await Put("t", "one", 0));
        var first = await KeyValues.Get("topics", "t", Token);
        Assert.NotNull(first);
        Assert.True(first.Id > 0);
        Assert.Equal(first.Created, first.Updated);
        Assert.Equal(new KeyValueItem(first.Id, "topics", "t", "one", 1, first.Created, first.Created), first);

        Assert.Equal(WriteResult.Written, await Put("t", "two", 1));
        var second = await KeyValues.Get("topics", "t", Token);
        Assert.Equal(first with { Value = "two", Version = 2, Updated = second!.Updated }, second);
        Assert.True(second.Updated >= first.Updated);
    }

    [Fact]
    public async Task Put_WithAnotherVersion_ConflictsAndChangesNothing()
    {
        Assert.Equal(WriteResult.Conflict, await Put("t", "nothing to update", 1));
        await Put("t", "kept", 0);
        Assert.Equal(WriteResult.Conflict, await Put("t", "there is one", 0));
        Assert.Equal(WriteResult.Conflict, await Put("t", "ahead", 2));
        Assert.Equal(
            ("kept", 1),
            (await KeyValues.Get("topics", "t", Token)) is { } item ? (item.Value, item.Version) : default);
    }

    [Fact]
    public async Task Delete_IsGuardedByTheVersion()
    {
        Assert.Equal(WriteResult.Conflict, await KeyValues.Delete("topics", "t", 1, Token));
        await Put("t", "one", 0);
        var first = await KeyValues.Get("topics", "t", Token);
        await Put("t", "two", 1);
        Assert.Equal(WriteResult.Conflict, await KeyValues.Delete("topics", "t", 1, Token));
        Assert.Equal(WriteResult.Conflict, await KeyValues.Delete("topics", "t", 0, Token));
        Assert.Equal(WriteResult.Conflict, await KeyValues.Delete("others", "t", 2, Token));
        Assert.Equal(WriteResult.Written, await KeyValues.Delete("topics", "t", 2, Token));
        Assert.Null(await KeyValues.Get("topics", "t", Token));
        Assert.Empty(await KeyValues.Scan("topics", 0, 10, Token));

        Assert.Equal(WriteResult.Written, await Put("t", "again", 0));
        var again = await KeyValues.Get("topics", "t", Token);
        Assert.Equal(1, again!.Version);
        Assert.True(again.Id > first!.Id, "An id must not be used twice.");
    }

    [Fact]
    public async Task Puts_SideBySide_ExactlyOneWins_AndTransactionsGoOn()
    {
        for (var version = 0; version < 10; version++)
        {
            var round = version;
            var writes = Enumerable.Range(0, 50)
                .Select(i => Write(StoredSamples.Insert(StoredSamples.Plain($"{round}-{i}"))))
                .ToArray();
            var results = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(i => Task.Run(() => Put("race", $"{i}", round), Token)));
            Assert.All(await Task.WhenAll(writes), static r => Assert.Equal(WriteResult.Written, r));
            Assert.Single(results, WriteResult.Written);
            var winner = Array.IndexOf(results, WriteResult.Written);
            Assert.Equal($"{winner}", (await KeyValues.Get("topics", "race", Token))!.Value);
        }
    }

    [Fact]
    public async Task Keys_CompareBytewise_AndTextComesBackAsItWas()
    {
        string[] keys = ["t", "T", "t ", "é", "e\u0301", "ß", "ss", "😀", "%", "'; --", new('x', 128), new('é', 128)];
        foreach (var key in keys)
        {
            Assert.Equal(WriteResult.Written, await Put(key, $"\0 of {key}\n\0", 0));
            Assert.Equal(WriteResult.Written, await KeyValues.Put("TOPICS", key, "", 0, Token));
        }

        foreach (var key in keys)
        {
            var item = await KeyValues.Get("topics", key, Token);
            Assert.Equal((key, $"\0 of {key}\n\0"), (item!.Key, item.Value));
            Assert.Equal("", (await KeyValues.Get("TOPICS", key, Token))!.Value);
        }

        Assert.Equal(keys.Reverse(), (await KeyValues.Scan("topics", 0, 100, Token)).Select(static i => i.Key));
        await Put("cut", "\ud83d", 0);
        Assert.Equal("\ufffd", (await KeyValues.Get("topics", "cut", Token))!.Value);
    }

    [Fact]
    public async Task Keys_ThatCannotBeKeptExactly_AreRefused()
    {
        foreach (var key in (string[])["a\0b", "half \ud83d pair", "\ude00", new('x', 129)])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Put(key, "", 0));
        }

        await Assert.ThrowsAsync<ArgumentException>(() => KeyValues.Put(new string('x', 46), "k", "", 0, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Put("k", "", -1));
    }

    [Fact]
    public async Task Scan_PagesNewestFirst_WithoutOtherCategories()
    {
        for (var i = 0; i < 20; i++)
        {
            await Put($"k{i}", $"{i}", 0);
            await KeyValues.Put("others", $"k{i}", "", 0, Token);
        }

        await Put("k3", "an update moves nothing", 1);
        var seen = new List<string>();
        for (var before = 0L; ;)
        {
            var page = await KeyValues.Scan("topics", before, 6, Token);
            seen.AddRange(page.Select(static i => i.Key));
            if (page.Count == 0)
            {
                break;
            }

            Assert.True(page.Count <= 6);
            before = page[^1].Id;
            await Put($"new{seen.Count}", "", 0);
        }

        Assert.Equal(Enumerable.Range(0, 20).Reverse().Select(static i => $"k{i}"), seen);
        Assert.Empty(await KeyValues.Scan("topics", 0, 0, Token));
        Assert.Empty(await KeyValues.Scan("none", 0, 10, Token));
    }

    private Task<WriteResult> Put(string key, string value, long expectedVersion) =>
        KeyValues.Put("topics", key, value, expectedVersion, Token);
}
