namespace OrleansDtm.Client;

/// <summary>What a barrier made of a call. All four are to be answered as success but <see cref="Hanging"/>, which no one waits for any more.</summary>
public enum BarrierResult
{
    /// <summary>It was the first call of its kind and in time: the business ran.</summary>
    Executed,

    /// <summary>The same call has been done before: the business did not run again.</summary>
    Duplicate,

    /// <summary>The call takes back what never happened: the business did not run, and what it takes back never will.</summary>
    NullCompensation,

    /// <summary>The call comes after it was taken back: the business did not run.</summary>
    Hanging,
}
