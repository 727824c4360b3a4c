using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>Hands a call to the <see cref="BranchGrain"/> of its service, or straight to its <see cref="BranchService"/> once it is active here.</summary>
internal sealed class GrainBranchCaller(IGrainFactory grains, BranchServices open) : IBranchCaller
{
    public Task<CallResult> Call(BranchInvocation call)
    {
        // What calls a grain is its BranchGrain, where its places are counted and what is said in the request context begins.
        if (!BranchUrl.IsGrain(call.Url) && open.Find(AuthorityOf(call.Url)) is { } service)
        {
            return service.Call(call);
        }

        return grains.GetGrain<IBranchGrain>(ServiceOf(call.Url)).Call(call);
    }

    /// <summary>Host and port as written, in lower case: <c>http://Host:80/path</c> and <c>host:80/package.Service/Method</c> both give <c>host:80</c>. Grains are told apart by type: <c>grain://Account</c>.</summary>
    internal static string ServiceOf(string url)
    {
        if (BranchUrl.IsGrain(url))
        {
            var slash = url.IndexOf('/', BranchUrl.Scheme.Length);
            return slash < 0 ? url : url[..slash];
        }

        var authority = AuthorityOf(url);
        return authority.IsEmpty ? "-" : authority.ToString().ToLowerInvariant();
    }

    private static ReadOnlySpan<char> AuthorityOf(ReadOnlySpan<char> url)
    {
        if (ServiceUrl.TryRead(url, out var name, out _))
        {
            return name;
        }

        var scheme = url.IndexOf("://");
        if (scheme >= 0)
        {
            url = url[(scheme + 3)..].TrimStart('/'); // dns:///name
        }

        var end = url.IndexOfAny('/', '?', '#');
        var authority = end >= 0 ? url[..end] : url;
        return authority[(authority.LastIndexOf('@') + 1)..]; // Who calls makes no other service, and a password is not for error texts.
    }
}
