using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace OrleansDtm.Server.Admin;

/// <summary>Serves the page's files from this assembly. Browsers cache them and revalidate each time.</summary>
internal sealed class AdminFiles
{
    public const string Index = "index.html";

    /// <summary>The reference of the API.</summary>
    public const string Reference = "docs.html";

    private const string Prefix = "OrleansDtm.Ui/";

    private readonly FrozenDictionary<string, File> _files = Load();

    public Task Send(HttpContext context, string name)
    {
        if (!_files.TryGetValue(name, out var file))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("404 page not found", context.RequestAborted);
        }

        var headers = context.Response.Headers;
        headers.ETag = file.Tag;
        headers.CacheControl = "no-cache";
        if (IsKnown(context.Request.Headers.IfNoneMatch, file.Tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.ContentType = file.Type;
        context.Response.ContentLength = file.Content.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(file.Content, context.RequestAborted).AsTask();
    }

    private static bool IsKnown(StringValues given, string tag) =>
        EntityTagHeaderValue.TryParseList([.. given.OfType<string>()], out var tags)
        && tags.Any(known => known.Equals(EntityTagHeaderValue.Any)
            || known.Compare(new EntityTagHeaderValue(tag), useStrongComparison: false));

    private static FrozenDictionary<string, File> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToFrozenDictionary(
                static name => name[Prefix.Length..].Replace('\\', '/'),
                name => Read(assembly, name),
                StringComparer.Ordinal);
    }

    private static File Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return new File(
            content, TypeOf(name), $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{name}: no content type for {other}."),
    };

    private sealed record File(ReadOnlyMemory<byte> Content, string Type, string Tag);
}
