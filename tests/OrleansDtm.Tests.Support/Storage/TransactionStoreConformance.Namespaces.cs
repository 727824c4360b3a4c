using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>A listing, the waiting transactions and the audit log have one namespace, and pages stay bounded.</summary>
public abstract partial class TransactionStoreConformance
{
    [Fact]
    public async Task Namespaces_EachListsItsOwn_WithTheSameGidsAndTags()
    {
        foreach (var space in new[] { "", "shop", "shop2", "crm", "" })
        {
            foreach (var gid in new[] { "a", "ab", "shop", "z" })
            {
                var name = space.Length == 0 && await Store.Load(gid, Token) is not null ? gid + "2" : gid;
                await Tagged(Namespaces.Qualify(space, name), ("order", name), ("of", space + "-"));
            }
        }

        Assert.Equal(["z2", "shop2", "ab2", "a2", "z", "shop", "ab", "a"], await Page("", new TransactionFilter()));
        Assert.Equal(["ab2", "a2", "ab", "a"], await Page("", new TransactionFilter { GidPrefix = "a" }));
        Assert.Equal(["a"], await Page("", new TransactionFilter { Tags = [Tag("order:a")] }));
        foreach (var space in new[] { "shop", "shop2", "crm" })
        {
            Assert.Equal(["z", "shop", "ab", "a"], await Page(space, new TransactionFilter()));
            Assert.Equal(["ab", "a"], await Page(space, new TransactionFilter { GidPrefix = "a" }));
            Assert.Equal(["ab"], await Page(space, new TransactionFilter { Tags = [Tag("order:ab")] }));
            Assert.Equal(["ab", "a"], await Page(space, new TransactionFilter { Tags = [Tag("order:a*")] }));
            Assert.Equal(
                ["a"], await Page(space, new TransactionFilter { Tags = [Tag("order:a"), Tag($"of:{space}*")] }));
            Assert.Equal(
                ["ab"], await Page(space, new TransactionFilter { GidPrefix = "ab", Tags = [Tag("order:a*")] }));
            Assert.Empty(await Page(space, new TransactionFilter { Tags = [Tag("of:-")] }));
        }

        Assert.Empty(await Page("", new TransactionFilter { Tags = [Tag("of:shop*")] }));
        Assert.Empty(await Page("sho", new TransactionFilter()));
        Assert.Empty(await Page("sho", new TransactionFilter { GidPrefix = "p" }));
        Assert.Equal(20, (await Store.List(new TransactionFilter(), Token)).Count);
    }

    [Fact]
    public async Task Namespaces_DefaultPassesOverManyOthers_InBoundedPages()
    {
        await Insert("oldest");
        for (var i = 0; i < 300; i++)
        {
            await Insert(Namespaces.Qualify("busy", $"b{i:000}"));
            if (i % 100 == 50)
            {
                await Insert($"between{i}");
            }
        }

        var filter = new TransactionFilter { Namespace = "", Limit = 2 };
        var first = await TransactionListing.Read(Store.Shards, filter, [0], Token);
        Assert.Equal(["between250", "between150"], Gids(first.Rows));
        var second = await TransactionListing.Read(Store.Shards, filter, first.Next!, Token);
        Assert.Equal(["between50", "oldest"], Gids(second.Rows));
        if (second.Next is { } next)
        {
            var last = await TransactionListing.Read(Store.Shards, filter, next, Token);
            Assert.Empty(last.Rows);
            Assert.Null(last.Next);
        }

        // One look passes over no more rows than it was told, and says where it stands.
        var newest = (await Store.List(new TransactionFilter { Limit = 1 }, Token))[0].Id;
        var stands = await Store.PassOthers(filter with { BeforeId = newest + 1, Limit = 10 }, Token);
        Assert.True(stands == 0 || (stands < newest && stands >= newest - 20), $"{stands} of {newest}");
        Assert.Equal(0, await Store.PassOthers(filter with { BeforeId = 1, Limit = 10 }, Token));
        Assert.Equal(0, await Store.PassOthers(filter with { Namespace = "busy", BeforeId = 1 }, Token));
    }

    [Fact]
    public async Task Namespaces_WaitingAndAuditAreOfOne()
    {
        foreach (var space in new[] { "", "shop", "crm" })
        {
            await Write(StoredSamples.Insert(StoredSamples.Retrying(Namespaces.Qualify(space, "g"), At(30))));
        }

        foreach (var space in new[] { "", "shop" })
        {
            var due = Assert.Single(await Store.FindWaiting(At(0), space, 10, Token));
            Assert.Equal(Namespaces.Qualify(space, "g"), due.Gid);
        }

        Assert.Equal(3, (await Store.FindWaiting(At(0), null, 10, Token)).Count);

        var audit = (IAuditStore)Store;
        await audit.Append(
            [
                .. from space in new[] { "", "shop", "shop2" }
                   from gid in new[] { "g", "" }
                   select new AuditRecord
                   {
                       At = At(0),
                       Action = "a",
                       Outcome = "done",
                       Gid = gid,
                       Namespace = space,
                       Detail = space,
                   },
            ],
            Token);
        foreach (var space in new[] { "", "shop", "shop2" })
        {
            var all = await audit.ListAudit(new AuditFilter { Namespace = space }, Token);
            Assert.Equal(["", "g"], all.Select(static i => i.Record.Gid));
            Assert.All(all, i => Assert.Equal((space, space), (i.Record.Namespace, i.Record.Detail)));
            var one = await audit.ListAudit(new AuditFilter { Namespace = space, Gid = "g" }, Token);
            Assert.Equal(space, Assert.Single(one).Record.Detail);
        }

        Assert.Equal(6, (await audit.ListAudit(new AuditFilter(), Token)).Count);
    }

    private static List<string> Gids(IEnumerable<StoredTransaction> rows) =>
        [.. rows.Select(static row => Namespaces.Plain(row.Transaction.Definition.Gid))];

    private async Task<List<string>> Page(string space, TransactionFilter filter)
    {
        var page = await TransactionListing.Read(
            Store.Shards, filter with { Namespace = space, Limit = 100 }, [0], Token);
        Assert.All(
            page.Rows, row => Assert.Equal(space, Namespaces.Of(row.Transaction.Definition.Gid)));
        return Gids(page.Rows);
    }
}
