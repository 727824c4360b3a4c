using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// A <see cref="TransactionWrite"/> as columns, the same for every database. Times are milliseconds since 1970 UTC.
/// </summary>
public sealed class EncodedWrite
{
    /// <summary>The longest gid, in UTF-16 characters.</summary>
    public const int GidMax = 128;

    /// <summary>The longest text of a column, a tag, in UTF-16 characters.</summary>
    internal const int TextMax = TransactionTags.KeyMax + 1 + TransactionTags.ValueMax;

    private static readonly string[] NoTags = [];

    private EncodedWrite(TransactionWrite write)
    {
        var next = write.Next;
        var known = write.Previous?.Branches.Length ?? 0;
        Gid = next.Definition.Gid;
        Type = Names.Of(next.Definition.Type);
        Status = Names.Of(next.Status);
        ExpectedVersion = write.Previous?.Version ?? 0;
        Owner = write.Owner;
        Due = DueOf(next);
        IsDueUnchanged = write.Previous is { } previous && DueOf(previous) == Due;
        IsStatusUnchanged = write.Previous?.Status == next.Status;
        Created = next.Definition.Created.ToUnixTimeMilliseconds();
        Updated = next.Updated.ToUnixTimeMilliseconds();
        Finished = next.Finished?.ToUnixTimeMilliseconds();
        Progress = TransactionCodec.EncodeProgress(next);
        var results = write.Previous is null ? null : TransactionCodec.AddedResults(write.Previous, next);
        if (write.Previous is null)
        {
            Body = TransactionCodec.EncodeDefinition(next.Definition, next.Branches.AsSpan());
            AddedTags = Missing(next.Definition, null);
        }
        else if (!ReferenceEquals(write.Previous.Definition, next.Definition))
        {
            // A submit with its own options happens once: its options are appended, so the payloads of the definition
            // are not written again.
            Body = TransactionCodec.EncodeAmendment(next.Definition, next.Branches.AsSpan()[known..], results);
            AddedTags = Missing(next.Definition, write.Previous.Definition);
            RemovedTags = Missing(write.Previous.Definition, next.Definition);
        }
        else if (results is not null)
        {
            Body = TransactionCodec.EncodeResults(results, next.Branches.AsSpan()[known..]);
        }
        else if (next.Branches.Length > known)
        {
            Body = TransactionCodec.EncodeAppended(next.Branches.AsSpan()[known..]);
        }
    }

    public string Gid { get; }

    public string Type { get; }

    public string Status { get; }

    public bool IsInsert => ExpectedVersion == 0;

    /// <summary>The version that must be stored for the write to happen; 0 = none.</summary>
    public long ExpectedVersion { get; }

    public long Version => ExpectedVersion + 1;

    public long Owner { get; }

    /// <summary>
    /// Null when nothing is scheduled. A finished transaction may still have one: its notice is pending.
    /// </summary>
    public long? Due { get; }

    /// <summary>An update that does not change <see cref="Due"/>, so its index is not written.</summary>
    public bool IsDueUnchanged { get; }

    /// <summary>An update that does not change <see cref="Status"/>, so its indexes are not written.</summary>
    public bool IsStatusUnchanged { get; }

    public long Created { get; }

    public long Updated { get; }

    public long? Finished { get; }

    /// <summary>The mutable part.</summary>
    public byte[] Progress { get; }

    /// <summary>
    /// Insert: the definition and its branches. Update: the branches, options and results it appends; null when it
    /// appends none.
    /// </summary>
    public byte[]? Body { get; }

    /// <summary>The tags to add to the index, as <see cref="TransactionTags.Text"/>; nearly always empty.</summary>
    public IReadOnlyList<string> AddedTags { get; } = NoTags;

    /// <summary>The tags to remove from the index: a submit replaced those of its prepare.</summary>
    public IReadOnlyList<string> RemovedTags { get; } = NoTags;

    /// <summary>True if the write changes the index of tags.</summary>
    public bool HasTags => AddedTags.Count > 0 || RemovedTags.Count > 0;

    /// <summary>
    /// The number of <see cref="Body"/> within its transaction; it grows and is never reused, because it is a version.
    /// </summary>
    public long BodySequence => ExpectedVersion == 0 ? 0 : Version;

    /// <summary>Checks and encodes.</summary>
    /// <exception cref="ArgumentException">
    /// The write contradicts itself: a bug of the program, not a fault of the database.
    /// </exception>
    public static EncodedWrite Of(TransactionWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var (previous, next) = (write.Previous, write.Next);
        CheckGid(next.Definition.Gid);
        Require(next.Version == (previous?.Version ?? 0) + 1, "The next version must be the previous one plus 1.");
        Require(previous is null || previous.Version > 0, "A previous state that was never stored cannot be updated.");
        Require(previous is null || previous.Definition.Gid == next.Definition.Gid, "A write cannot change the gid.");
        Require(previous is null || previous.Branches.Length <= next.Branches.Length, "Branches cannot be removed.");
        return new EncodedWrite(write);
    }

    /// <summary>
    /// The tags of a definition that another one does not have. In a namespace they are qualified, so that a search
    /// reads those of one namespace only; an empty one is for the listing of all.
    /// </summary>
    private static string[] Missing(TransactionDefinition definition, TransactionDefinition? other)
    {
        var space = Namespaces.Of(definition.Gid);
        if (definition.Tags.IsEmpty && space.Length == 0)
        {
            return NoTags;
        }

        var tags =
            from tag in definition.Tags
            where other is null || !other.Tags.TryGetValue(tag.Key, out var value) || value != tag.Value
            select TransactionTags.Text(tag.Key, tag.Value);
        return
        [
            .. (space.Length > 0 && other is null ? tags.Append("") : tags).Select(
                tag => Namespaces.Qualify(space, tag)),
        ];
    }

    private static long? DueOf(Transaction state) => state.Due?.ToUnixTimeMilliseconds();

    private static void CheckGid(string gid)
    {
        Require(gid.Length > 0, "A gid cannot be empty.");
        ExactText.Check("A gid", gid, GidMax);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
