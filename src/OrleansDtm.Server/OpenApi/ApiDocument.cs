using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrleansDtm.Server.OpenApi;

/// <summary>
/// The document as bytes. It is generated at the first request and kept, because generating it takes CPU and everyone
/// may read it.
/// </summary>
internal sealed class ApiDocument([FromKeyedServices(ApiDocument.Name)] IOpenApiDocumentProvider provider)
    : IDisposable
{
    /// <summary>The name of the document in its path.</summary>
    public const string Name = "v1";

    private readonly SemaphoreSlim _one = new(1);
    private volatile Kept? _kept;

    public async Task Send(HttpContext context)
    {
        var (json, tag) = _kept ?? await Generate(context.RequestAborted);
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(json, context.RequestAborted);
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<Kept> Generate(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_kept is { } kept)
            {
                return kept;
            }

            var document = await provider.GetOpenApiDocumentAsync(cancellationToken);
            var text = await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken);
            var json = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n") + "\n");
            var made = new Kept(json, $"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 12))}\"");
            _kept = made;
            return made;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>One reference, so that it is read whole while another request sets it.</summary>
    private sealed record Kept(byte[] Json, string Tag);
}
