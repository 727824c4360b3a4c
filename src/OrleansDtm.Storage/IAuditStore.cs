using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// The audit log. Throws <see cref="StoreUnavailableException"/> like <see cref="ITransactionStore"/>; an append that
/// threw may have happened.
/// </summary>
public interface IAuditStore
{
    /// <summary>Adds records in one database transaction; durable when the task completes.</summary>
    /// <param name="records">At most <see cref="AuditRecord.BatchMax"/>; empty = nothing happens.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    Task Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken);

    /// <summary>A page of records, the newest first.</summary>
    Task<IReadOnlyList<AuditItem>> ListAudit(AuditFilter filter, CancellationToken cancellationToken);

    /// <summary>Reads records by id, the oldest first, and deletes the expired ones.</summary>
    /// <param name="before">Records of operators older than this are deleted; exclusive.</param>
    /// <param name="requestsBefore">The same for requests of applications.</param>
    /// <param name="afterId">The last id of the previous slice; 0 = from the oldest.</param>
    /// <param name="limit">The maximum number of records to read, deleted or not.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    Task<RetentionSlice> DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken);
}

/// <summary>One change, or one refused attempt. Texts are cut to their maximum when they are set.</summary>
public sealed record AuditRecord
{
    /// <summary>The maximum number of records in one append.</summary>
    public const int BatchMax = 100;

    private const int WordMax = 45;
    private const int NameMax = 128;
    private const int DetailMax = 1000;

    private readonly string _action = "";
    private readonly string _outcome = "";
    private readonly string _gid = "";
    private readonly string _caller = "";
    private readonly string _detail = "";

    /// <summary>The time of the outcome; whole milliseconds are stored.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The name of the operation in the HTTP API, such as <c>forceStop</c>.</summary>
    public required string Action
    {
        get => _action;
        init => _action = Cut(value, WordMax);
    }

    /// <summary>done, rejected, failed or refused.</summary>
    public required string Outcome
    {
        get => _outcome;
        init => _outcome = Cut(value, WordMax);
    }

    /// <summary>The transaction, without its namespace; empty = none.</summary>
    public string Gid
    {
        get => _gid;
        init => _gid = Cut(value, NameMax);
    }

    /// <summary>The namespace; empty = the default one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gid and namespace in one column, so that the index of gids finds the records of a namespace.</summary>
    internal string StoredGid => Namespaces.Qualify(Namespace, Cut(Gid, NameMax - Namespaces.Added(Namespace)));

    /// <summary>The name of the key, the subject of the token, or the id of the Orleans client; empty = anonymous.
    /// </summary>
    public string Caller
    {
        get => _caller;
        init => _caller = Cut(value, NameMax);
    }

    /// <summary>What authenticated the caller: key, token, session, orleans or anonymous.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The caller's role; empty = none.</summary>
    public string Role { get; init; } = "";

    /// <summary>The caller's IP address; empty = unknown.</summary>
    public string Address { get; init; } = "";

    /// <summary>What was changed besides the transaction, and the reason of a failure.</summary>
    public string Detail
    {
        get => _detail;
        init => _detail = Cut(value, DetailMax);
    }

    /// <summary>The status before the change; empty = no transaction, or a request of an application.</summary>
    public string Before { get; init; } = "";

    /// <summary>The status after the change; empty = as <see cref="Before"/>.</summary>
    public string After { get; init; } = "";

    /// <summary>True for a request of an application, such as a submit; false for an operator's action.</summary>
    public bool IsRequest { get; init; }

    /// <summary>Cut without splitting a character, and without what PostgreSQL and logs do not accept.</summary>
    private static string Cut(string text, int max)
    {
        ArgumentNullException.ThrowIfNull(text);
        var end = text.Length <= max ? text.Length
            : char.IsHighSurrogate(text[max - 1]) ? max - 1
            : max;
        return string.Create(end, text, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                var isPaired = char.IsHighSurrogate(from[i])
                    ? i + 1 < to.Length && char.IsLowSurrogate(from[i + 1])
                    : !char.IsLowSurrogate(from[i]) || (i > 0 && char.IsHighSurrogate(from[i - 1]));
                to[i] = char.IsControl(from[i]) || !isPaired ? '\uFFFD' : from[i];
            }
        });
    }
}

/// <param name="Id">The store's own number, which grows; listings page by it.</param>
/// <param name="Record">The record.</param>
public sealed record AuditItem(long Id, AuditRecord Record);

/// <summary>The filter of the audit log; null and default = any.</summary>
public sealed record AuditFilter
{
    /// <summary>The gid without its namespace.</summary>
    public string? Gid { get; init; }

    /// <summary>The namespace; empty = the default one, null = all.</summary>
    public string? Namespace { get; init; }

    public string? Caller { get; init; }

    public string? Action { get; init; }

    public string? Outcome { get; init; }

    /// <summary>At or after.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>At or before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The last id of the previous page: only smaller ids are returned; 0 = from the newest.</summary>
    public long BeforeId { get; init; }

    /// <summary>At most this many.</summary>
    public int Limit { get; init; } = 100;
}
