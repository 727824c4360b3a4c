using OrleansDtm.Abstractions;

namespace OrleansDtm.Samples.GrainBranches;

/// <summary>What a step of the saga carries.</summary>
[GenerateSerializer]
internal sealed record Transfer([property: Id(0)] long Amount);

/// <summary>An account; its methods are the branches. The coordinator repeats a call whose answer it did not get, so each must be safe to repeat.</summary>
internal interface IAccountGrain : IGrainWithStringKey
{
    Task Withdraw(Transfer transfer, BranchContext call);

    Task Deposit(Transfer transfer, BranchContext call);

    /// <summary>Takes back what the same branch did, if it did anything.</summary>
    Task Undo(BranchContext call);

    Task Freeze();

    Task<long> Balance();
}

/// <summary>
/// Keeps its balance in memory, for a demo; a real one would write balance and calls in one go, with Orleans' persistence say. The calls
/// it remembers make each of them safe to repeat, to undo before it happened, and to arrive late.
/// </summary>
internal sealed class AccountGrain : Grain, IAccountGrain
{
    /// <summary>By gid and branch what it changed; 0 = nothing, and nothing will be.</summary>
    private readonly Dictionary<(string Gid, string BranchId), long> _changes = [];
    private long _balance = 100;
    private bool _frozen;

    public Task Withdraw(Transfer transfer, BranchContext call) => Change(-transfer.Amount, call);

    public Task Deposit(Transfer transfer, BranchContext call) => Change(transfer.Amount, call);

    public Task Undo(BranchContext call)
    {
        var change = _changes.GetValueOrDefault((call.Gid, call.BranchId));
        _balance -= change;
        _changes[(call.Gid, call.BranchId)] = 0;
        Narrator.Called(call, this.GetPrimaryKeyString(), change == 0 ? "nothing to undo" : $"{-change:+0;-0} = {_balance}");
        return Task.CompletedTask;
    }

    public Task Freeze()
    {
        _frozen = true;
        return Task.CompletedTask;
    }

    public Task<long> Balance() => Task.FromResult(_balance);

    private Task Change(long amount, BranchContext call)
    {
        var account = this.GetPrimaryKeyString();
        if (_changes.ContainsKey((call.Gid, call.BranchId)))
        {
            Narrator.Called(call, account, "was here before");
        }
        else if (_frozen || _balance + amount < 0)
        {
            Narrator.Called(call, account, "refused");
            throw new BranchFailureException($"account {account} is frozen or holds too little");
        }
        else
        {
            _changes[(call.Gid, call.BranchId)] = amount;
            _balance += amount;
            Narrator.Called(call, account, $"{amount:+0;-0} = {_balance}");
        }

        return Task.CompletedTask;
    }
}
