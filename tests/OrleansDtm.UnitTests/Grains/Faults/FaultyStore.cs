using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>A fault of a write, and of the time after it.</summary>
public enum StoreFault
{
    None,

    /// <summary>The write never reaches the store.</summary>
    LostBefore,

    /// <summary>The database waits for a lock, then reports a deadlock: nothing is written.</summary>
    Deadlock,

    /// <summary>The connection is lost before the commit, which is detected only after a timeout.</summary>
    LostBeforeCommit,

    /// <summary>The write is committed, and the response is lost at once.</summary>
    AnswerLost,

    /// <summary>The write is committed; the loss of the response is detected only after a timeout.</summary>
    AnswerLostLate,

    /// <summary>The write is committed at once; the response comes after leases and timeouts are over.</summary>
    SlowAnswer,

    /// <summary>The commit and the response come after leases and timeouts are over.</summary>
    SlowCommit,

    /// <summary>The write is reported as lost and committed later.</summary>
    CommitAfterLoss,

    /// <summary>The response is lost, and reads fail for a while.</summary>
    ReadsFail,

    /// <summary>A failover: for a while writes fail and reads work.</summary>
    ReadOnly,

    /// <summary>The database restarts without the commit. All operations fail for a while.</summary>
    Restart,

    /// <summary>The database restarts after the commit.</summary>
    RestartAfterCommit,
}

/// <summary>A store in memory that injects a fault into the nth write. Runs on virtual time.</summary>
internal sealed class FaultyStore(VirtualTime time, Func<int, StoreFault> faultAt)
    : DelegatingStore(new InMemoryTransactionStore(time.Clock))
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan Outage = TimeSpan.FromSeconds(25);

    private DateTimeOffset _writesBack;
    private DateTimeOffset _readsBack;

    /// <summary>Called for each durable write.</summary>
    public Action<TransactionWrite>? OnDurable { get; set; }

    /// <summary>Called for each fault.</summary>
    public Action<string>? OnFault { get; set; }

    /// <summary>The number of writes so far.</summary>
    public int Writes { get; private set; }

    /// <summary>Returns the durable row even while the store is unavailable; null = none.</summary>
    public StoredTransaction? Durable(string gid) => Inner.Load(gid, CancellationToken.None).Result;

    public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        Writes++;
        if (time.Now < _writesBack)
        {
            return Task.FromException<WriteResult>(Away("refused"));
        }

        var fault = faultAt(Writes);
        if (fault != StoreFault.None)
        {
            OnFault?.Invoke($"write {Writes}: {fault}");
        }

        switch (fault)
        {
            case StoreFault.None:
                return Task.FromResult(Commit(write));
            case StoreFault.LostBefore:
                return Fail();
            case StoreFault.Deadlock:
                return Later(TimeSpan.FromSeconds(1), Refuse);
            case StoreFault.LostBeforeCommit:
                return Later(Timeout, Refuse);
            case StoreFault.AnswerLost:
                Commit(write);
                return Fail();
            case StoreFault.AnswerLostLate:
                Commit(write);
                return Later(Timeout, Refuse);
            case StoreFault.SlowAnswer:
                var result = Commit(write);
                return Later(Slow, () => result);
            case StoreFault.SlowCommit:
                return Later(Slow, () => Commit(write));
            case StoreFault.CommitAfterLoss:
                time.After(Timeout + TimeSpan.FromSeconds(3), () => Commit(write));
                return Later(Timeout, Refuse);
            case StoreFault.ReadsFail:
                Commit(write);
                _readsBack = time.Now + Outage;
                return Fail();
            case StoreFault.ReadOnly:
                _writesBack = time.Now + Outage;
                return Fail();
            case StoreFault.Restart:
                (_writesBack, _readsBack) = (time.Now + Outage, time.Now + Outage);
                return Fail();
            case StoreFault.RestartAfterCommit:
                Commit(write);
                (_writesBack, _readsBack) = (time.Now + Outage, time.Now + Outage);
                return Fail();
            default:
                throw new ArgumentOutOfRangeException(nameof(write), fault, "Unknown fault.");
        }

        Task<WriteResult> Fail() => Task.FromException<WriteResult>(Away(fault.ToString()));

        WriteResult Refuse() => throw Away(fault.ToString());
    }

    /// <summary>Applies to reads only; writes are overridden separately.</summary>
    protected override Task<T> Ask<T>(Func<ITransactionStore, Task<T>> call) =>
        time.Now < _readsBack ? Task.FromException<T>(Away("no reads")) : base.Ask(call);

    private static StoreUnavailableException Away(string why) => new($"the store is away: {why}");

    private WriteResult Commit(TransactionWrite write)
    {
        var result = Inner.Write(write, CancellationToken.None).Result;
        if (result == WriteResult.Written)
        {
            OnDurable?.Invoke(write);
        }

        return result;
    }

    private Task<WriteResult> Later(TimeSpan wait, Func<WriteResult> result)
    {
        var answer = new TaskCompletionSource<WriteResult>();
        time.After(wait, () =>
        {
            try
            {
                answer.SetResult(result());
            }
            catch (StoreUnavailableException e)
            {
                answer.SetException(e);
            }
        });
        return answer.Task;
    }
}
