using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>Calls one service; the key is the authority of its URLs.</summary>
[Alias("dtm.IBranchGrain")]
internal interface IBranchGrain : IGrainWithStringKey
{
    /// <summary>Makes the call. Service errors are returned as outcomes, not thrown.</summary>
    [Alias("Call"), ResponseTimeout("1.01:00:00")]
    Task<CallResult> Call([Immutable] BranchInvocation call);
}
