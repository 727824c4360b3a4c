using OrleansDtm.Abstractions;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>Return values of grains as results of steps, for Orleans clients.</summary>
public sealed class ResultsOfGrainsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_later_step_and_the_submitter_get_what_a_grain_returned(bool apart)
    {
        await using var cluster = await Coordinated.Start(apart);
        var saga = new SagaTransaction { Results = true }
            .Step(Url("A", nameof(ITellerGrain.Reserve)), "", new Money(30, "EUR"))
            .Step(
                Url("B", nameof(ITellerGrain.Deposit)),
                "",
                new { amount = new ResultPart("01", "/amount"), currency = new ResultPart("01", "/id") });

        var result = await cluster.Run(saga);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal(new Money(60, "A-7"), cluster.Teller.Calls[1].Money);
        Assert.Equal(["01", "02"], result.Results.Select(static r => r.BranchId));
        Assert.Equal(new Reservation("A-7", 60), result.Results[0].Read<Reservation>());
        Assert.True(result.Results[1].Body.IsEmpty); // It returns nothing.
        var info = (await cluster.Transactions.Query(saga.Gid, Cancel))!;
        Assert.Equal(new Reservation("A-7", 60), info.Branches[1].Result!.Read<Reservation>());
        var waited = await cluster.Transactions.WaitForEnd(saga.Gid, Coordinated.Patience, Cancel);
        Assert.Equal(new Reservation("A-7", 60), waited.Results[0].Read<Reservation>());
    }

    [Fact]
    public async Task A_compensation_gets_the_result_of_its_action()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (account, call, _) => Task.FromResult(
            account == "B" && call!.Op == "action" ? BranchResult.Failed("no") : BranchResult.Done);
        var saga = new SagaTransaction { Results = true }
            .Step(
                Url("A", nameof(ITellerGrain.Reserve)),
                Url("A", nameof(ITellerGrain.Deposit)),
                new Money(30, "EUR"))
            .CompensateWith(new { amount = new ResultPart("01", "/amount"), currency = "undone" })
            .Step(Url("B", nameof(ITellerGrain.Judge)), "");

        Assert.Equal(GlobalStatus.Failed, (await cluster.Run(saga)).Status);
        Assert.Equal(new Money(60, "undone"), cluster.Teller.Calls[2].Money);
    }

    [Fact]
    public async Task A_value_given_by_hand_is_a_result_and_without_results_nothing_is_kept()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (_, call, _) => Task.FromResult(
            call!.KeepsResult ? BranchResult.With(new Money(1, "X")) : BranchResult.Done);
        var keeps = new SagaTransaction { Results = true }.Step(Url("A", nameof(ITellerGrain.Judge)), "");
        Assert.Equal(new Money(1, "X"), (await cluster.Run(keeps)).Results[0].Read<Money>());
        var plain = new SagaTransaction().Step(Url("A", nameof(ITellerGrain.Judge)), "");
        Assert.Empty((await cluster.Run(plain)).Results);
        Assert.False(cluster.Teller.Calls[1].Call!.KeepsResult);
    }

    private static string Url(string account, string method) => Coordinated.Url(account, method);
}
