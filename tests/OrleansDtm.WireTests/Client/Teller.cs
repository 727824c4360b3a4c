using System.Collections.Concurrent;
using OrleansDtm.Abstractions;

namespace OrleansDtm.WireTests.Client;

/// <summary>A payload.</summary>
[GenerateSerializer]
public sealed record Money([property: Id(0)] long Amount, [property: Id(1)] string Currency);

/// <summary>What a reservation returns.</summary>
[GenerateSerializer]
public sealed record Reservation([property: Id(0)] string Id, [property: Id(1)] long Amount);

/// <summary>A grain whose methods are branches. The test's <see cref="Teller"/> determines what they do.</summary>
public interface ITellerGrain : IGrainWithStringKey
{
    Task Deposit(Money money, BranchContext call);

    Task Withdraw(Money money, BranchContext call, CancellationToken cancellationToken);

    Task<BranchResult> Judge(BranchContext call);

    /// <summary>Returns what was reserved.</summary>
    Task<Reservation> Reserve(Money money, BranchContext call);

    /// <summary>A method that is not registered.</summary>
    Task Secret();

    /// <summary>Returns the address of its silo.</summary>
    Task<string> Silo();
}

/// <summary>A grain with an integer key.</summary>
public interface INumberedGrain : IGrainWithIntegerKey
{
    Task Count();
}

public sealed class TellerGrain(Teller teller, ILocalSiloDetails silo) : Grain, ITellerGrain
{
    public Task Deposit(Money money, BranchContext call) =>
        teller.Take(this.GetPrimaryKeyString(), money, call, CancellationToken.None);

    public Task Withdraw(Money money, BranchContext call, CancellationToken cancellationToken) =>
        teller.Take(this.GetPrimaryKeyString(), money, call, cancellationToken);

    public Task<BranchResult> Judge(BranchContext call) =>
        teller.Take(this.GetPrimaryKeyString(), null, call, CancellationToken.None);

    public async Task<Reservation> Reserve(Money money, BranchContext call)
    {
        await teller.Take(this.GetPrimaryKeyString(), money, call, CancellationToken.None);
        return new Reservation($"{this.GetPrimaryKeyString()}-7", money.Amount * 2);
    }

    public Task Secret() => teller.Take(this.GetPrimaryKeyString(), null, null, CancellationToken.None);

    public Task<string> Silo() => Task.FromResult(silo.Name);
}

public sealed class NumberedGrain(Teller teller) : Grain, INumberedGrain
{
    public Task Count() =>
        teller.Take($"{this.GetPrimaryKeyLong()}", null, null, CancellationToken.None);
}

/// <summary>Determines what the grains of one cluster do, and records their calls.</summary>
public sealed class Teller
{
    private readonly ConcurrentQueue<(string Account, Money? Money, BranchContext? Call)> _calls = [];

    public IReadOnlyList<(string Account, Money? Money, BranchContext? Call)> Calls => [.. _calls];

    /// <summary>"account op" of each call, in order.</summary>
    public IEnumerable<string> Ops => Calls.Select(static call => $"{call.Account} {call.Call?.Op}");

    /// <summary>Runs a branch; returns success by default.</summary>
    public Func<string, BranchContext?, CancellationToken, Task<BranchResult>> Does { get; set; } = static (_, _, _) =>
        Task.FromResult(BranchResult.Done);

    public async Task<BranchResult> Take(
        string account, Money? money, BranchContext? call, CancellationToken cancellationToken)
    {
        _calls.Enqueue((account, money, call));
        return await Does(account, call, cancellationToken);
    }
}
