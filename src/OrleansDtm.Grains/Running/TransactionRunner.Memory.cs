using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>The transaction's part of the silo's <see cref="LiveMemory"/>.</summary>
public sealed partial class TransactionRunner
{
    private TransactionDefinition? _measured;
    private int _measuredBranches;
    private long _definitionsSize;
    private long _size;

    /// <summary>
    /// Counts the state in memory. Progress changes neither the definition nor the branches' count, but adds results.
    /// </summary>
    private void Measure()
    {
        MeasureDefinitions();
        var size = _definitionsSize + (_closed ? 0 : LiveMemory.ResultsOf(_state));
        _services.Live.Change(_size, size);
        _size = size;
    }

    private void MeasureDefinitions()
    {
        var state = _closed ? null : _state;
        if (ReferenceEquals(state?.Definition, _measured) && (state?.Branches.Length ?? 0) == _measuredBranches)
        {
            return;
        }

        var size = 0L;
        if (state is not null)
        {
            // Branches are only added, so measuring each one again with the next would be quadratic.
            var isSame = ReferenceEquals(state.Definition, _measured) && state.Branches.Length > _measuredBranches;
            size = isSame && _measuredBranches > 0
                ? _definitionsSize + LiveMemory.SizeOf(state, _measuredBranches)
                : LiveMemory.SizeOf(state);
        }

        (_measured, _measuredBranches, _definitionsSize) = (state?.Definition, state?.Branches.Length ?? 0, size);
    }

    /// <summary>
    /// Refuses a large transaction that was just loaded while the memory is full; the sweep and its clients try again.
    /// A force stop is never refused: it is what frees the memory.
    /// </summary>
    private bool IsRefusedByMemory(List<PendingEvent> batch)
    {
        var memory = _services.Live;
        if (_size < LiveMemory.Large
            || _outstanding.Count > 0
            || !memory.IsFullWithout(_size + batch.Sum(static p => LiveMemory.SizeOf(p.Event)))
            || batch.Exists(static p => p.Event is TransactionEvent.ForceStop))
        {
            return false;
        }

        memory.Refused(_gid);
        Refuse(batch);
        return true;
    }

    /// <summary>
    /// Refuses the sweep's event without a read: with many large transactions due, each sweep would read all of them.
    /// </summary>
    private bool IsRefusedUnread(List<PendingEvent> batch)
    {
        if (_outstanding.Count > 0
            || !batch.TrueForAll(static p => p.Event is TransactionEvent.TimeDue)
            || !_services.Live.RefusesAgain(_gid))
        {
            return false;
        }

        Refuse(batch);
        return true;
    }

    private void Refuse(List<PendingEvent> batch)
    {
        foreach (var pending in batch)
        {
            pending.Reply?.TrySetResult(Replies.Unavailable(_services.Live.Refusal));
        }
    }
}
