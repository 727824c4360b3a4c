using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Counts the data of the transactions in this silo's memory. When it reaches its limit, transactions that only wait
/// leave the memory, and large ones are not taken in. Small ones are always taken in: their number is bounded by the
/// limits of callers. Thread-safe.
/// </summary>
/// <param name="bytesMax">The limit, in bytes; see <see cref="DtmGrainOptions.LiveBytesMax"/>.</param>
public sealed class LiveMemory(long bytesMax)
{
    /// <summary>The size from which a transaction is large, in bytes.</summary>
    public const long Large = 64 * 1024;

    /// <summary>A runner with its state, without the submitter's data; measured.</summary>
    private const long Fixed = 4096;

    private const long FixedPerBranch = 512;

    private long _bytes;

    /// <summary>The estimated size of all transactions in memory, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True if half of the limit is reached: transactions that only wait must leave the memory.</summary>
    public bool IsTight => Bytes >= bytesMax / 2;

    /// <summary>What a request is told that is not taken in.</summary>
    public string Refusal => FormattableString.Invariant(
        $"the transactions in memory have {Bytes} of {bytesMax} bytes (Limits:LiveBytesMax); try again later");

    /// <summary>Returns true if the other transactions have reached the limit.</summary>
    /// <param name="counted">The bytes that one transaction has in the count.</param>
    internal bool IsFullWithout(long counted) => Bytes - counted >= bytesMax;

    /// <summary>Adds to the count, or removes from it.</summary>
    internal void Change(long by) => Interlocked.Add(ref _bytes, by);

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

    /// <summary>Returns the estimated size of the transaction that an event creates; 0 = it creates none.</summary>
    internal static long SizeOf(TransactionEvent occurred) => occurred switch
    {
        TransactionEvent.Prepare prepare => SizeOf(prepare.Submission),
        TransactionEvent.Submit submit => SizeOf(submit.Submission),
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
        var characters = definition.CustomData.Length;
        foreach (var (name, value) in definition.BranchHeaders)
        {
            characters += name.Length + value.Length;
        }

        return Fixed + (sizeof(char) * characters);
    }

    private static long SizeOf(BranchOpDefinition branch) =>
        FixedPerBranch + branch.Payload.Length + (sizeof(char) * branch.Url.Length);
}
