using OrleansDtm.Abstractions;

namespace OrleansDtm.Samples.GrainBranches;

/// <summary>One transfer that succeeds, and one that is rolled back.</summary>
internal sealed class Demo(ITransactions transactions, IGrainFactory grains, CancellationToken stop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<bool> Run(ITransactions transactions, IGrainFactory grains, CancellationToken stop)
    {
        var demo = new Demo(transactions, grains, stop);
        Narrator.Title("1. A sends 30 to B");
        var first = await demo.Transfer(GlobalStatus.Succeeded);
        Narrator.Title("2. A sends 30 to B, but B is frozen: everything is rolled back");
        await demo.Account("B").Freeze();
        var second = await demo.Transfer(GlobalStatus.Failed);
        var outcome = first && second
            ? "All is right: the first transfer succeeded, the second did not change the balances."
            : "Something is WRONG, see above.";
        Narrator.Say($"");
        Narrator.Say($"{outcome}");
        return first && second;
    }

    /// <summary>The saga: actions, compensations and payloads.</summary>
    private static SagaTransaction Saga(long amount) => new SagaTransaction()
        .Step(
            Branch("A", nameof(IAccountGrain.Withdraw)), Branch("A", nameof(IAccountGrain.Undo)), new Transfer(amount))
        .Step(
            Branch("B", nameof(IAccountGrain.Deposit)), Branch("B", nameof(IAccountGrain.Undo)), new Transfer(amount));

    /// <summary>grain://AccountGrain/A/Withdraw</summary>
    private static string Branch(string account, string method) => BranchUrl.Of<IAccountGrain>(account, method);

    private async Task<bool> Transfer(GlobalStatus expected)
    {
        var saga = Saga(30);
        Narrator.Say($"  submit saga {saga.Gid}");
        var result = await transactions.SubmitAndWait(saga, Limit, stop);
        Narrator.Say($"  it has ended: {result.Status} {result.RollbackReason}");
        var (a, b) = (await Account("A").Balance(), await Account("B").Balance());
        var right = result.Status == expected && (a, b) == (70, 130);
        var verdict = right ? "ok" : "WRONG";
        Narrator.Say(
            $"  [{verdict}] {result.Status}, expected {expected}; balances A = {a}, B = {b}, expected A = 70, B = 130");
        return right;
    }

    private IAccountGrain Account(string name) => grains.GetGrain<IAccountGrain>(name);
}
