using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>What happens to a write that is scripted.</summary>
internal enum WriteFate
{
    /// <summary>It is written at once.</summary>
    Written = 0,

    /// <summary>The store is away: nothing is written.</summary>
    LostBefore,

    /// <summary>It is written, and the answer is lost.</summary>
    LostAfter,

    /// <summary>It waits for <see cref="ScriptedStore.Release"/>.</summary>
    Held,

    /// <summary>A defect: something is thrown that no store may throw.</summary>
    Broken,

    /// <summary>The database does not take so much: nothing is written.</summary>
    TooLarge,
}

/// <summary>A store whose every write does what the test says; what is not scripted is written at once.</summary>
internal sealed class ScriptedStore() : DelegatingStore(new InMemoryTransactionStore())
{
    private readonly Queue<WriteFate> _fates = [];
    private readonly Queue<(TransactionWrite Write, TaskCompletionSource<WriteResult> Answer)> _held = [];

    /// <summary>Writes the store was asked for, whatever became of them.</summary>
    public List<TransactionWrite> Asked { get; } = [];

    /// <summary>Writes that are durable.</summary>
    public List<TransactionWrite> Durable { get; } = [];

    public int Loads { get; private set; }

    /// <summary>Reading and writing throw <see cref="StoreUnavailableException"/>.</summary>
    public bool Away { get; set; }

    /// <summary>Reads answer after this with what they found before it; null = at once.</summary>
    public Task? ReadsAnswerAfter { get; set; }

    /// <summary>Runs before the next write: somebody else may get in first.</summary>
    public Action? BeforeWrite { get; set; }

    /// <summary>The next writes fare like this; those after them are written.</summary>
    public void Script(params WriteFate[] fates)
    {
        foreach (var fate in fates)
        {
            _fates.Enqueue(fate);
        }
    }

    /// <summary>Lets the longest held write happen, or fail.</summary>
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

    /// <summary>What is stored; null = nothing.</summary>
    public StoredTransaction? Stored(string gid) => Inner.Load(gid, CancellationToken.None).Result;

    /// <summary>Somebody else writes, past the script.</summary>
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
