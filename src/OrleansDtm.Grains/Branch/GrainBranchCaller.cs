using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Transaction;

namespace OrleansDtm.Grains.Branch;

/// <summary>Hands a call to the <see cref="BranchGrain"/> of its service.</summary>
internal sealed class GrainBranchCaller(GrainReferences grains) : IBranchCaller
{
    public Task<BranchAnswer> Call(BranchCallMessage call) => grains.Branch(ServiceOf(call.Url)).Call(call);

    /// <summary>Host and port as written, in lower case: <c>http://Host:80/path</c> and <c>host:80/package.Service/Method</c> both give <c>host:80</c>. Grains are told apart by type: <c>grain://Account</c>.</summary>
    internal static string ServiceOf(string url)
    {
        if (BranchUrl.IsGrain(url))
        {
            var slash = url.IndexOf('/', BranchUrl.Scheme.Length);
            return slash < 0 ? url : url[..slash];
        }

        var rest = url.AsSpan();
        var scheme = rest.IndexOf("://");
        if (scheme >= 0)
        {
            rest = rest[(scheme + 3)..].TrimStart('/'); // dns:///name
        }

        var end = rest.IndexOfAny('/', '?', '#');
        var authority = (end >= 0 ? rest[..end] : rest).ToString();
        authority = authority[(authority.LastIndexOf('@') + 1)..]; // Who calls makes no other service, and a password is not for error texts.
        return authority.Length == 0 ? "-" : authority.ToLowerInvariant();
    }
}
