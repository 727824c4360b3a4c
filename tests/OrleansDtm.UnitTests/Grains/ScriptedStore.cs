using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The scripted result of a write.</summary>
internal enum WriteFate
{
    /// <summary>It is written at once.</summary>
    Written = 0,

    /// <summary>The store is unavailable: nothing is written.</summary>
    LostBefore,

    /// <summary>It is written, and the response is lost.</summary>
    LostAfter,

    /// <summary>It waits for <see cref="ScriptedStore.Release"/>.</summary>
    Held,

    /// <summary>A defect: throws an exception that stores must not throw.</summary>
    Broken,

    /// <summary>The write is too large for the database: nothing is written.</summary>
    TooLarge,
}

/// <summary>A store whose writes follow a script. Unscripted writes succeed at once.</summary>
internal sealed class ScriptedStore() : DelegatingStore(new InMemoryTransactionStore())
{
    private readonly Queue<WriteFate> _fates = [];
    private readonly Queue<(TransactionWrite Write, TaskCompletionSource<WriteResult> Answer)> _held = [];

    /// <summary>All requested writes, whatever their result.</summary>
    public List<TransactionWrite> Asked { get; } = [];

    /// <summary>The durable writes.</summary>
    public List<TransactionWrite> Durable { get; } = [];

    public int Loads { get; private set; }

    /// <summary>True = reads and writes throw <see cref="StoreUnavailableException"/>.</summary>
    public bool Away { get; set; }

    /// <summary>
    /// Delays the responses of reads, which contain the state from before the delay; null = no delay.
    /// </summary>
    public Task? ReadsAnswerAfter { get; set; }

    /// <summary>Runs before the next write, so that another owner can write first.</summary>
    public Action? BeforeWrite { get; set; }

    /// <summary>Sets the results of the next writes. Later ones succeed.</summary>
    public void Script(params WriteFate[] fates)
    {
        foreach (var fate in fates)
        {
            _fates.Enqueue(fate);
        }
    }

    /// <summary>Completes the oldest held write.</summary>
    public void Release(WriteFate fate = WriteFate.Written)
    {
        var (write, answer) = _held.Dequeue();
        try
        {
            answer.SetResult(Now(write, fate));
        }
        catch (StoreUnavailableException e)
        {
            answer.SetException(e);
        }
    }

    /// <summary>Returns the stored row; null = none.</summary>
    public StoredTransaction? Stored(string gid) => Inner.Load(gid, CancellationToken.None).Result;

    /// <summary>Writes as another owner, without the script.</summary>
    public void WriteBehindTheBack(TransactionWrite write) =>
        Xunit.Assert.Equal(WriteResult.Written, Inner.Write(write, CancellationToken.None).Result);

    public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        Asked.Add(write);
        var before = BeforeWrite;
        BeforeWrite = null;
        before?.Invoke();
        var fate = _fates.Count > 0 ? _fates.Dequeue() : WriteFate.Written;
        if (fate == WriteFate.Held)
        {
            var answer = new TaskCompletionSource<WriteResult>();
            _held.Enqueue((write, answer));
            return answer.Task;
        }

        try
        {
            return Task.FromResult(Now(write, fate));
        }
        catch (Exception e)
        {
            return Task.FromException<WriteResult>(e);
        }
    }

    public override async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        Loads++;
        var found = Away ? throw NoStore() : await base.Load(gid, cancellationToken);
        if (ReadsAnswerAfter is { } delay)
        {
            await delay;
        }

        return found;
    }

    private static StoreUnavailableException NoStore() => new("the store is away");

    private WriteResult Now(TransactionWrite write, WriteFate fate)
    {
        if (fate == WriteFate.TooLarge)
        {
            throw new StoreTooLargeException("it takes 5 bytes");
        }

        if (fate == WriteFate.Broken)
        {
            throw new InvalidDataException("the store is broken");
        }

        if (Away || fate == WriteFate.LostBefore)
        {
            throw NoStore();
        }

        var result = Inner.Write(write, CancellationToken.None).Result;
        if (result == WriteResult.Written)
        {
            Durable.Add(write);
        }

        return fate == WriteFate.LostAfter ? throw NoStore() : result;
    }
}
