using OrleansDtm.Core;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>The last writer wins, whatever version the row has.</summary>
internal sealed class VersionIgnored : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Blind(store);

    private sealed class Blind(ITransactionStore inner) : StoreDefect(inner)
    {
        public override async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            var result = await Inner.Write(write, cancellationToken);
            if (result == WriteResult.Written
                || await Inner.Load(write.Next.Definition.Gid, cancellationToken) is not { } stored
                || stored.Transaction.Branches.Length > write.Next.Branches.Length)
            {
                return result;
            }

            var over = write with
            {
                Previous = stored.Transaction,
                Next = write.Next with { Version = stored.Transaction.Version + 1 },
            };
            return await Inner.Write(over, cancellationToken);
        }
    }
}

/// <summary>A write is acknowledged before it is committed.</summary>
internal sealed class AcknowledgedBeforeCommit : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Hasty(store);

    private sealed class Hasty(ITransactionStore inner) : StoreDefect(inner)
    {
        public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            _ = Observe(Inner.Write(write, cancellationToken));
            return Task.FromResult(WriteResult.Written);
        }

        private static async Task Observe(Task write)
        {
            try
            {
                await write;
            }
            catch (StoreUnavailableException)
            {
                // Not awaited: that is the fault.
            }
        }
    }
}

/// <summary>A commit with unknown outcome is treated as committed.</summary>
internal sealed class DoubtTakenForSuccess : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Optimist(store);

    private sealed class Optimist(ITransactionStore inner) : StoreDefect(inner)
    {
        public override async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            try
            {
                return await Inner.Write(write, cancellationToken);
            }
            catch (StoreUnavailableException)
            {
                return WriteResult.Written;
            }
        }
    }
}

/// <summary>Reads come from a lagging replica and return the previous version.</summary>
internal sealed class StaleReads : Defect
{
    private readonly Dictionary<string, (StoredTransaction Last, StoredTransaction? Before)> _seen = [];

    public override ITransactionStore Store(ITransactionStore store, Process process) => new Replica(store, _seen);

    private sealed class Replica(
        ITransactionStore inner, Dictionary<string, (StoredTransaction Last, StoredTransaction? Before)> seen)
        : StoreDefect(inner)
    {
        public override async Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            var result = await Inner.Write(write, cancellationToken);
            if (result == WriteResult.Written)
            {
                var gid = write.Next.Definition.Gid;
                StoredTransaction? before = seen.TryGetValue(gid, out var known) ? known.Last : null;
                seen[gid] = (new StoredTransaction(1, write.Owner, write.Next), before);
            }

            return result;
        }

        public override async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
        {
            var fresh = await Inner.Load(gid, cancellationToken);
            return seen.TryGetValue(gid, out var known) && known.Last.Transaction.Version == fresh?.Transaction.Version
                ? known.Before
                : fresh;
        }
    }
}

/// <summary>No due time is stored: no sweep finds the transaction after its process died.</summary>
internal sealed class DueForgotten : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Forgetful(store);

    private sealed class Forgetful(ITransactionStore inner) : StoreDefect(inner)
    {
        public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            var next = write.Next;
            return Inner.Write(
                next.IsFinal ? write : write with { Next = next with { WakeAt = null, LeaseUntil = null } },
                cancellationToken);
        }
    }
}

/// <summary>It is not stored that a call may have run: its compensation is skipped after the process died.</summary>
internal sealed class StartedForgotten : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Forgetful(store);

    private sealed class Forgetful(ITransactionStore inner) : StoreDefect(inner)
    {
        public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            var branches = write.Next.Branches.Select(
                static b => b.Status == BranchStatus.Prepared ? b with { Started = false } : b);
            return Inner.Write(write with { Next = write.Next with { Branches = [.. branches] } }, cancellationToken);
        }
    }
}

/// <summary>When calls of a dead process are repeated, the time until which they may be in flight is lost.</summary>
internal sealed class OrphansIgnored : Defect
{
    public override ITransactionStore Store(ITransactionStore store, Process process) => new Forgetful(store);

    private sealed class Forgetful(ITransactionStore inner) : StoreDefect(inner)
    {
        public override async Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
        {
            var stored = await Inner.Load(gid, cancellationToken);
            return stored is { Transaction: { LeaseUntil: not null } transaction }
                ? stored with { Transaction = transaction with { LeaseUntil = transaction.Updated } }
                : stored;
        }
    }
}
