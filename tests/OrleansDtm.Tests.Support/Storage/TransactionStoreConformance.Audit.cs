using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

public abstract partial class TransactionStoreConformance
{
    private static readonly DateTimeOffset AuditStart = DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_123);

    private IAuditStore Audit => (IAuditStore)Store;

    [Fact]
    public async Task Audit_IsReadAsWritten_NewestFirst_InPages()
    {
        var full = Record(0) with
        {
            Gid = "g'1 \u00e9",
            Caller = "o'ps \u4e2d",
            Kind = "key",
            Role = "admin",
            Address = "::1",
            Detail = "{\"x\": 1}",
            Before = "submitted",
            After = "failed",
            IsRequest = true,
        };
        await Audit.Append([full, Record(1)], Token);
        await Audit.Append([Record(2)], Token);
        await Audit.Append([], Token);

        var all = await Audit.ListAudit(new AuditFilter(), Token);
        Assert.Equal([Record(2), Record(1), full], all.Select(static i => i.Record));
        var page = await Audit.ListAudit(new AuditFilter { Limit = 1, BeforeId = all[0].Id }, Token);
        Assert.Equal(Record(1), Assert.Single(page).Record);
    }

    [Fact]
    public async Task Audit_IsFiltered()
    {
        var other = Record(1) with { Gid = "g2", Caller = "shop", Action = "abort", Outcome = "refused" };
        await Audit.Append([Record(0), other, Record(2)], Token);

        await Finds(new AuditFilter { Gid = "g2" });
        await Finds(new AuditFilter { Caller = "shop" });
        await Finds(new AuditFilter { Action = "abort" });
        await Finds(new AuditFilter { Outcome = "refused" });
        await Finds(new AuditFilter { From = other.At, To = other.At });
        await Finds(new AuditFilter { Gid = "g2", Caller = "shop", Action = "abort", Outcome = "refused" });
        Assert.Empty(await Audit.ListAudit(new AuditFilter { Gid = "g" }, Token));
        Assert.Empty(await Audit.ListAudit(new AuditFilter { Gid = "G2" }, Token));

        async Task Finds(AuditFilter filter) =>
            Assert.Equal(other, Assert.Single(await Audit.ListAudit(filter, Token)).Record);
    }

    [Fact]
    public async Task Audit_IsDeleted_RequestsBeforeOperators()
    {
        await Audit.Append([Record(0), Record(1) with { IsRequest = true }, Record(2), Record(3)], Token);

        // Record 0 has expired, record 1 as a request, record 2 not yet.
        var slice = await Audit.DeleteAudit(AuditStart.AddSeconds(1), AuditStart.AddSeconds(2), 0, 3, Token);
        Assert.Equal(2, slice.Deleted);
        Assert.True(slice.LastId > 0, "A full slice is continued.");
        slice = await Audit.DeleteAudit(AuditStart.AddSeconds(1), AuditStart.AddSeconds(2), slice.LastId, 3, Token);
        Assert.Equal(new RetentionSlice(0, 0), slice);
        Assert.Equal([Record(3), Record(2)], (await Audit.ListAudit(new AuditFilter(), Token)).Select(i => i.Record));
    }

    [Fact]
    public async Task Audit_TakesAFullBatch_AndCutsTexts()
    {
        var text = new string('\u4e2d', 2000);
        var long1 = Record(0) with { Gid = text, Caller = text, Action = text, Outcome = text, Detail = text };
        await Audit.Append([.. Enumerable.Repeat(long1, AuditRecord.BatchMax)], Token);

        var found = await Audit.ListAudit(new AuditFilter { Limit = 1000 }, Token);
        Assert.Equal(AuditRecord.BatchMax, found.Count);
        Assert.All(found, item => Assert.Equal(long1, item.Record));
        Assert.Equal((128, 1000), (long1.Gid.Length, long1.Detail.Length));
        var odd = Record(0) with { Gid = "a\0b\ud800", Caller = new string('x', 127) + "\U0001F600" };
        Assert.Equal(("a\ufffdb\ufffd", 127), (odd.Gid, odd.Caller.Length));
    }

    private static AuditRecord Record(int second) => new()
    {
        At = AuditStart.AddSeconds(second),
        Action = "forceStop",
        Outcome = "done",
        Gid = "g1",
        Caller = "ops",
    };
}
