namespace OrleansDtm.Storage.Servers;

/// <summary>What an error of a database means for the batch it befell.</summary>
internal enum ServerFault
{
    None = 0,

    /// <summary>The server is away, or cannot write now, or did not say what became of it: nobody's write is to blame.</summary>
    Unavailable = 1,

    /// <summary>The server has undone all of it because of somebody else's locks: the same batch may be tried again.</summary>
    Undone = 2,

    /// <summary>Something was not as supposed, such as a gid that appeared: nothing was committed, and the careful way looks closer.</summary>
    Surprise = 3,

    /// <summary>The server does not take this data.</summary>
    Refused = 4,
}
