using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>The calls to one service; the key is the authority of its URLs.</summary>
[Alias("dtm.IBranchGrain")]
internal interface IBranchGrain : IGrainWithStringKey
{
    /// <summary>Makes the call. Does not throw for anything the service does.</summary>
    [Alias("Call"), ResponseTimeout("1.01:00:00")]
    Task<CallResult> Call([Immutable] BranchInvocation call);
}
