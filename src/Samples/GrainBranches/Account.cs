using OrleansDtm.Abstractions;

namespace OrleansDtm.Samples.GrainBranches;

/// <summary>The payload of a saga step.</summary>
[GenerateSerializer]
internal sealed record Transfer([property: Id(0)] long Amount);

/// <summary>
/// An account; its methods are the branches. The coordinator repeats a call without a response, so each must be
/// idempotent.
/// </summary>
internal interface IAccountGrain : IGrainWithStringKey
{
    Task Withdraw(Transfer transfer, BranchContext call);

    Task Deposit(Transfer transfer, BranchContext call);

    /// <summary>Compensates the same branch, if it had an effect.</summary>
    Task Undo(BranchContext call);

    Task Freeze();

    Task<long> Balance();
}

/// <summary>
/// Keeps its balance in memory, for the demo; a real grain would persist balance and calls together. The recorded calls
/// make each call idempotent, and handle compensations without or before their action.
/// </summary>
internal sealed class AccountGrain : Grain, IAccountGrain
{
    /// <summary>The change by gid and branch; 0 = none, now and later.</summary>
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
        Narrator.Called(
            call, this.GetPrimaryKeyString(), change == 0 ? "nothing to compensate" : $"{-change:+0;-0} = {_balance}");
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
            Narrator.Called(call, account, "repeated call");
        }
        else if (_frozen || _balance + amount < 0)
        {
            Narrator.Called(call, account, "refused");
            throw new BranchFailureException($"account {account} is frozen or has insufficient funds");
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
