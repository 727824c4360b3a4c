using Microsoft.Extensions.Options;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Batches;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The limits of namespaces, and jobs of a version without namespaces.</summary>
public sealed class NamespaceQuotaTests
{
    [Fact]
    public async Task A_namespace_has_its_own_limit_or_that_of_all_and_the_default_one_has_none()
    {
        await using var store = new InMemoryTransactionStore();
        var options = new DtmGrainOptions();
        options.Namespaces.UnfinishedMax = 3;
        options.Namespaces.Unfinished["shop"] = 1;
        options.Namespaces.Unfinished["free"] = 0;
        var quota = new NamespaceQuota(store, Options.Create(options));

        foreach (var gid in (string[])[Namespaces.Qualify("shop", "g1"), Namespaces.Qualify("crm", "g1")])
        {
            await store.Write(
                StoredSamples.Insert(StoredSamples.Plain(gid)), TestContext.Current.CancellationToken);
        }

        Assert.Equal([0, 1, 3, 0], new[] { "", "shop", "crm", "free" }.Select(quota.Max));
        Assert.Equal(QuotaPlace.New, await quota.TryTake(Namespaces.Qualify("shop", "g1")));
        Assert.Equal(QuotaPlace.None, await quota.TryTake(Namespaces.Qualify("shop", "g2")));
        Assert.Equal(QuotaPlace.New, await quota.TryTake(Namespaces.Qualify("crm", "g1")));
        quota.Release(Namespaces.Qualify("shop", "g1"));
        Assert.Equal(QuotaPlace.New, await quota.TryTake(Namespaces.Qualify("shop", "g2")));
    }

    [Fact]
    public void A_job_of_an_earlier_version_is_of_the_default_namespace()
    {
        var job = BatchJob.Parse(
            """
            {"id":"1","operation":"retry","filter":{"gid":"g"},"limit":1,"by":{"Kind":"key","Name":"ops","Role":"admin",
            "Address":""},"created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","status":"running"}
            """);
        Assert.Equal(("", "ops"), (job.By.Namespace, job.By.Name));
        var other = BatchJob.Parse((job with { By = job.By with { Namespace = "shop" } }).ToJson());
        Assert.Equal("shop", other.By.Namespace);
    }
}
