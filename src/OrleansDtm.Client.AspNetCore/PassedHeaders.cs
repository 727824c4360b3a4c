using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Forwards headers of the current request to the branches of transactions that it starts.</summary>
internal sealed class PassedHeaders(IHttpContextAccessor accessor, IOptions<BranchEndpointOptions> options)
    : IBranchHeaderSource
{
    public void Collect(IDictionary<string, string> headers)
    {
        if (accessor.HttpContext?.Request.Headers is not { } incoming)
        {
            return;
        }

        foreach (var name in options.Value.PassedHeaders)
        {
            if (incoming.TryGetValue(name, out var values) && values.Count > 0)
            {
                headers[name] = values.ToString();
            }
        }
    }
}
