namespace OrleansDtm.Storage.Servers;

/// <summary>What a database error means for its batch.</summary>
internal enum ServerFault
{
    None = 0,

    /// <summary>The server is unavailable, read-only, or did not confirm the commit. No write is the cause.</summary>
    Unavailable = 1,

    /// <summary>The server rolled the batch back because of another transaction's locks; it may be retried.</summary>
    Undone = 2,

    /// <summary>
    /// An assumption was wrong, such as a gid that exists by now. Nothing was committed; the careful way checks more.
    /// </summary>
    Surprise = 3,

    /// <summary>The server does not accept this data.</summary>
    Refused = 4,
}
