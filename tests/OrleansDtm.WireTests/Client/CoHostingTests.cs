using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>The coordinator in a user's own silo, with the configured store.</summary>
public sealed class CoHostingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_SQLite_file_is_opened_and_closed_with_the_silo()
    {
        var directory = Directory.CreateTempSubdirectory("orleansdtm-cohosting-");
        try
        {
            for (var life = 1; life <= 2; life++)
            {
                await using var cluster = Cluster(
                    silo => silo.AddOrleansDtm(dtm => dtm.UseSqlite(Path.Combine(directory.FullName, "dtm.db"))));
                await cluster.DeployAsync(Cancel);
                var api = cluster.GetSiloServiceProvider().GetRequiredService<ITransactions>();
                await api.SubmitAndWait(
                    new SagaTransaction { Gid = $"life-{life}" }.Step("", ""), Coordinated.Patience, Cancel);
                Assert.True((await api.Query("life-1", Cancel))!.Status == GlobalStatus.Succeeded);
                await cluster.StopAllSilosAsync(Cancel);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_silo_without_a_store_does_not_start_and_says_what_to_write()
    {
        await using var cluster = Cluster(static silo => silo.AddOrleansDtm());
        var error = await Assert.ThrowsAnyAsync<Exception>(cluster.DeployAsync);
        Assert.Contains("UseSqlite", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_stores_are_one_too_many()
    {
        await using var cluster = Cluster(static silo =>
        {
            silo.Services.AddSingleton<ITransactionStore>(new InMemoryTransactionStore());
            silo.AddOrleansDtm(static dtm => dtm.UseSqlite("never-opened.db"));
        });
        var error = await Assert.ThrowsAnyAsync<Exception>(cluster.DeployAsync);
        Assert.Contains("Two stores are registered", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_store_leaves_room_for_other_coordinators()
    {
        var options = new DtmGrainOptions();
        Assert.NotNull(options.UseMySql("Server=db;Database=dtm").Store);
        Assert.NotNull(options.UsePostgres("Host=db;Database=dtm").Store);
        Assert.False(options.SoleOwner);
    }

    private static InProcessTestCluster Cluster(Action<ISiloBuilder> configure)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseInMemoryReminderService();
            configure(silo);
        });
        return builder.Build();
    }
}
