using System.Collections.Concurrent;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Counts the data of the transactions in this silo's memory. When it reaches half of its limit, transactions that only
/// wait leave the memory. Large ones have the limit for themselves, so that many small ones of one caller do not keep
/// them out; beyond it, they wait. Small ones are always taken in: their number is bounded by the limits of callers.
/// Thread-safe.
/// </summary>
/// <param name="bytesMax">The limit, in bytes; see <see cref="DtmGrainOptions.LiveBytesMax"/>.</param>
public sealed class LiveMemory(long bytesMax)
{
    /// <summary>The size from which a transaction or request is large, in bytes.</summary>
    public const long Large = 64 * 1024;

    /// <summary>A runner with its state, without the submitter's data; measured.</summary>
    private const long Fixed = 4096;

    private const long FixedPerBranch = 512;

    /// <summary>What is kept free for a result that is not there yet; few are as long as allowed.</summary>
    private const long ExpectedResult = 2048;

    /// <summary>The number of refused transactions to remember.</summary>
    private const int RefusedMax = 10_000;

    private readonly ConcurrentDictionary<string, bool> _refused = new(StringComparer.Ordinal);
    private long _bytes;
    private long _large;

    /// <summary>The estimated size of all transactions in memory, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True if half of the limit is reached: transactions that only wait must leave the memory.</summary>
    public bool IsTight => Bytes >= bytesMax / 2;

    /// <summary>
    /// True if a large request must be refused. The last quarter of the limit is for transactions that were accepted
    /// before.
    /// </summary>
    public bool RefusesRequests => LargeBytes >= bytesMax - (bytesMax / 4);

    /// <summary>What a request is told that is not taken in.</summary>
    public string Refusal => FormattableString.Invariant(
        $"the large transactions in memory have {LargeBytes} of {bytesMax} bytes (Limits:LiveBytesMax)");

    /// <summary>The estimated size of the large transactions and requests in memory, in bytes.</summary>
    private long LargeBytes => Volatile.Read(ref _large);

    /// <summary>Returns true if the other large transactions have reached the limit.</summary>
    /// <param name="counted">The bytes that one transaction has in the count.</param>
    internal bool IsFullWithout(long counted) => LargeBytes - (counted >= Large ? counted : 0) >= bytesMax;

    /// <summary>Replaces the size of one transaction or request in the count; 0 = it is not in memory.</summary>
    internal void Change(long from, long to)
    {
        Interlocked.Add(ref _bytes, to - from);
        var large = (to >= Large ? to : 0) - (from >= Large ? from : 0);
        if (large != 0)
        {
            Interlocked.Add(ref _large, large);
        }
    }

    /// <summary>Remembers that a transaction is large, so that it need not be read to be refused again.</summary>
    internal void Refused(string gid)
    {
        if (_refused.Count >= RefusedMax)
        {
            _refused.Clear();
        }

        _refused[gid] = true;
    }

    /// <summary>Returns true if a transaction was refused and would be refused now.</summary>
    internal bool RefusesAgain(string gid)
    {
        if (_refused.IsEmpty)
        {
            return false;
        }

        if (IsFullWithout(0))
        {
            return _refused.ContainsKey(gid);
        }

        _refused.TryRemove(gid, out _);
        return false;
    }

    /// <summary>Returns the estimated size of a transaction in memory, in bytes.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="first">The first branch to measure; after 0, the definition is left out.</param>
    internal static long SizeOf(Transaction transaction, int first = 0)
    {
        var bytes = first == 0 ? SizeOf(transaction.Definition) : 0;
        for (var i = first; i < transaction.Branches.Length; i++)
        {
            bytes += SizeOf(transaction.Branches[i].Definition);
        }

        return bytes;
    }

    /// <summary>
    /// Returns the size of the results of a transaction in memory, in bytes; at least what is kept free for them.
    /// </summary>
    internal static long ResultsOf(Transaction? transaction)
    {
        if (transaction is not { Definition.Options.ResultBytesMax: > 0 })
        {
            return 0;
        }

        var (bytes, actions) = (0L, 0);
        foreach (var branch in transaction.Branches)
        {
            bytes += branch.Result?.Body.Length ?? 0;
            actions += branch.Definition.Op == BranchOps.Action ? 1 : 0;
        }

        return Math.Max(bytes, Math.Min(actions, StepResult.TotalFactor) * ExpectedResult);
    }

    /// <summary>
    /// Returns true if a request can make its transaction large later: it must be refused as if it were large now.
    /// </summary>
    internal static bool MayGrow(TransactionEvent occurred) => occurred
        is TransactionEvent.Submit { Submission.Definition.Options.ResultBytesMax: > 0 }
        or TransactionEvent.Prepare { Submission.Definition.Options.ResultBytesMax: > 0 };

    /// <summary>Returns the estimated size of what an event brings into memory, in bytes.</summary>
    internal static long SizeOf(TransactionEvent occurred) => occurred switch
    {
        TransactionEvent.Prepare prepare => SizeOf(prepare.Submission),
        TransactionEvent.Submit submit => SizeOf(submit.Submission),
        TransactionEvent.Register register => register.Branches.Sum(SizeOf),
        TransactionEvent.BranchAnswered answered => answered.Outcome.Answer?.Body.Length ?? 0,
        TransactionEvent.FinishWorkflow finish => sizeof(char) * ((long)finish.Result.Length + finish.Reason.Length),
        _ => 0,
    };

    private static long SizeOf(Submission submission)
    {
        var bytes = SizeOf(submission.Definition);
        foreach (var branch in submission.Branches)
        {
            bytes += SizeOf(branch);
        }

        return bytes;
    }

    private static long SizeOf(TransactionDefinition definition)
    {
        var characters = (long)definition.CustomData.Length;
        foreach (var (name, value) in definition.BranchHeaders)
        {
            characters += name.Length + value.Length;
        }

        foreach (var (key, value) in definition.Tags)
        {
            characters += key.Length + value.Length;
        }

        return Fixed + (sizeof(char) * characters) + (definition.Prepared is { } prepared ? SizeOf(prepared) : 0);
    }

    private static long SizeOf(BranchOpDefinition branch) => FixedPerBranch
        + branch.Payload.Length
        + (sizeof(char) * branch.Url.Length)
        + (branch.Policy?.Headers is { } headers
            ? sizeof(char) * headers.Sum(static h => (long)h.Key.Length + h.Value.Length)
            : 0);
}
