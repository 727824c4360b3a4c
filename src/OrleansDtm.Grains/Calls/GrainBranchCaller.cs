using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Passes a call to the <see cref="BranchGrain"/> of its service, or directly to its <see cref="BranchService"/> once
/// that is active here.
/// </summary>
internal sealed class GrainBranchCaller(IGrainFactory grains, BranchServices open, CallLimits limits) : IBranchCaller
{
    public Task<CallResult> Call(BranchInvocation call)
    {
        // Grains are also called through a BranchGrain, which counts the call slots and sets the request context.
        if (!BranchUrl.IsGrain(call.Url) && open.Find(AuthorityOf(call.Url)) is { } service)
        {
            return service.Call(call);
        }

        return Send(call);
    }

    private async Task<CallResult> Send(BranchInvocation unfilled)
    {
        if (unfilled.Fill(out var call) is { } refused)
        {
            return new CallResult(refused, TimeSpan.Zero);
        }

        limits.Expect(call);
        try
        {
            return await grains.GetGrain<IBranchGrain>(ServiceOf(call.Url)).Call(call);
        }
        finally
        {
            limits.NotExpected(call);
        }
    }

    public void Cancel(string gid) => limits.Cancel(gid);

    /// <summary>
    /// Returns host and port in lower case: <c>http://Host:80/path</c> and <c>host:80/package.Service/Method</c> both
    /// give <c>host:80</c>. For a grain, its type: <c>grain://Account</c>.
    /// </summary>
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
        return authority[(authority.LastIndexOf('@') + 1)..]; // Without credentials, which must not appear in errors.
    }
}
