using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Watching;

/// <summary>A transaction was created, or its status changed. Sent after the commit.</summary>
[GenerateSerializer, Immutable, Alias("dtm.change")]
public sealed record TransactionChange
{
    /// <summary>The stored gid, with its namespace.</summary>
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(1)]
    public required string Type { get; init; }

    /// <summary>The new status.</summary>
    [Id(2)]
    public required string Status { get; init; }

    /// <summary>When it changed (UTC).</summary>
    [Id(3)]
    public required DateTimeOffset At { get; init; }

    [Id(4)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>The rollback reason; empty = none.</summary>
    [Id(5)]
    public string Reason { get; init; } = "";

    /// <summary>Null = none.</summary>
    [Id(6)]
    public Dictionary<string, string>? Tags { get; init; }

    /// <summary>The change that led to a state.</summary>
    public static TransactionChange Of(Transaction state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var definition = state.Definition;
        return new TransactionChange
        {
            Gid = definition.Gid,
            Type = Names.Of(definition.Type),
            Status = Names.Of(state.Status),
            At = state.Updated,
            Created = definition.Created,
            Reason = state.RollbackReason,
            Tags = definition.Tags.IsEmpty ? null : definition.Tags.ToDictionary(),
        };
    }

    /// <summary>Returns true if the transaction after the change matches gid, type, status and tags.</summary>
    public bool Matches(TransactionFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return (filter.Gid is null || Gid == filter.Gid)
            && Namespaces.Contains(filter.Namespace, Gid)
            && (filter.StoredPrefix is not { } prefix || Gid.StartsWith(prefix, StringComparison.Ordinal))
            && (filter.Type == default || Type == Names.Of(filter.Type))
            && (filter.Status == default || Status == Names.Of(filter.Status))
            && (filter.Tags.Count == 0 || (Tags is { } tags && filter.Tags.All(tag => tag.Matches(tags))));
    }
}

/// <summary>A position in the changes of a silo.</summary>
/// <param name="Epoch">The recording; 0 = none, start with the next change.</param>
/// <param name="Next">The number of the next change.</param>
public readonly record struct ChangePosition(long Epoch, long Next);

/// <summary>Changes of one silo in their order.</summary>
[GenerateSerializer, Immutable, Alias("dtm.changes")]
public sealed record ChangeBatch
{
    [Id(0)]
    public required TransactionChange[] Changes { get; init; }

    /// <summary>The recording; see <see cref="ChangePosition"/>.</summary>
    [Id(1)]
    public required long Epoch { get; init; }

    /// <summary>The number of the change after them.</summary>
    [Id(2)]
    public required long Next { get; init; }

    /// <summary>Changes between the requested position and these are no longer known.</summary>
    [Id(3)]
    public bool HasGap { get; init; }
}

/// <summary>The result of a wait for an end. Silos exchange the values: add new ones, never change them.</summary>
[GenerateSerializer, Alias("dtm.end-wait")]
public enum EndWait
{
    /// <summary>It has not ended within the time.</summary>
    Unfinished = 0,

    /// <summary>It has ended.</summary>
    Ended = 1,

    /// <summary>There is no such transaction.</summary>
    NotFound = 2,

    /// <summary>Another silo owns the transaction now.</summary>
    Moved = 3,

    /// <summary>The store does not answer.</summary>
    Unavailable = 4,

    /// <summary>Too many requests wait already.</summary>
    TooMany = 5,
}
