using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Grains.Watching;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>
/// A silo without a coordinator uses the one in another silo, whose branches are grains of the first.
/// </summary>
public sealed class TwoSiloTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_coordinator_calls_grains_of_a_silo_whose_code_it_does_not_have()
    {
        await using var cluster = await Coordinated.Start(apart: true);
        var services = cluster.ServicesOf(Coordinated.TellerSilo);
        var (api, grains) =
            (services.GetRequiredService<ITransactions>(), services.GetRequiredService<IGrainFactory>());
        for (var i = 0; i < 4; i++)
        {
            Assert.True(
                (await api.SubmitAndWait(Coordinated.Saga($"A{i}", $"B{i}"), Coordinated.Patience, Cancel)).Succeeded);
            Assert.Equal(Coordinated.TellerSilo, await grains.GetGrain<ITellerGrain>($"A{i}").Silo());
        }

        cluster.Teller.Does = static (account, call, _) => (account, call!.Op) == ("B9", "action")
            ? throw new BranchFailureException("B9 is frozen")
            : Task.FromResult(BranchResult.Done);
        var refused = await api.SubmitAndWait(Coordinated.Saga("A9", "B9"), Coordinated.Patience, Cancel);
        Assert.Equal(GlobalStatus.Failed, refused.Status);
        Assert.Equal(["A9 action", "B9 action", "B9 compensate", "A9 compensate"], cluster.Teller.Ops.Skip(8));

        var unknown = await Assert.ThrowsAsync<TransactionException>(
            () => api.Submit(new SagaTransaction().Step("grain://Vault/A/Open", ""), cancellationToken: Cancel));
        Assert.Equal(ReplyKind.Invalid, unknown.Kind);
    }

    [Fact]
    public async Task A_silo_beside_the_coordinator_is_not_asked_for_changes()
    {
        await using var cluster = await Coordinated.Start(apart: true);
        var changes = cluster.ServicesOf(Coordinated.CoordinatorSilo).GetRequiredService<ClusterChanges>();
        using var reader = await changes.Open(Cancel);
        await cluster.Run(new SagaTransaction { Gid = "seen" }.Step("", ""));
        await reader.Grown().WaitAsync(Coordinated.Patience, Cancel);
        Assert.All(reader.Read(), static item => Assert.Equal("seen", item.Change?.Gid));
    }

    [Fact]
    public async Task A_silo_beside_the_coordinator_can_wake_its_recovery()
    {
        await using var cluster = await Coordinated.Start(apart: true);
        var beside = cluster.ServicesOf(Coordinated.TellerSilo);

        // Orleans distributes reminders over all silos, so a reminder can call this grain from here.
        await beside.GetRequiredService<IGrainFactory>()
            .GetGrain<IRecoveryGrain>(7)
            .Start()
            .WaitAsync(Coordinated.Patience, Cancel);
        var management = beside.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        var hosts = await management.GetDetailedGrainStatistics(null, null, Cancel);
        Assert.All(
            hosts.Where(static grain => grain.GrainType.StartsWith("OrleansDtm.Grains", StringComparison.Ordinal)),
            grain => Assert.NotEqual(beside.GetRequiredService<ILocalSiloDetails>().SiloAddress, grain.SiloAddress));
    }
}
