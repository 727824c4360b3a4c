using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>Creates the request of a call over HTTP.</summary>
internal static class BranchRequest
{
    private static readonly MediaTypeHeaderValue JsonContent = new("application/json");

    /// <exception cref="FormatException">The URL or a header is invalid.</exception>
    public static HttpRequestMessage Create(
        BranchInvocation call, HttpMethod method, string url, ReadOnlyMemory<byte> body, ILogger log)
    {
        var request = new HttpRequestMessage(method, new Uri(url, UriKind.Absolute))
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        if (request.RequestUri!.Scheme == Uri.UriSchemeHttps)
        {
            // With TLS the version is negotiated; some services support HTTP/2 only.
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        if (call.Headers is { } headers)
        {
            foreach (var (name, value) in headers)
            {
                if (ConnectionHeaders.Contains(name) || value is null)
                {
                    log.HeaderLeftOut(call.ToldGid, call.BranchId, call.Op, name);
                }
                else if (!CallSpans.IsTrace(name) && !IsNamespace(name))
                {
                    Add(request, name, value);
                }
            }
        }

        if (call.Namespace is { Length: > 0 } space)
        {
            Add(request, NamespaceHeader.Name, space);
        }

        if (call.ToldTrace is { } trace)
        {
            Add(request, CallSpans.Parent, trace.Parent);
            if (trace.State.Length > 0)
            {
                Add(request, CallSpans.State, trace.State);
            }
        }

        if (!request.Content.Headers.NonValidated.Contains("Content-Type"))
        {
            request.Content.Headers.ContentType = JsonContent;
        }

        if (!request.Headers.NonValidated.Contains("Accept"))
        {
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
        }

        return request;
    }

    /// <summary>A submitter must not pretend that a call is of another namespace.</summary>
    private static bool IsNamespace(string header) =>
        header.Equals(NamespaceHeader.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses line breaks, which would add a header or a request.</summary>
    private static void Add(HttpRequestMessage request, string name, string value)
    {
        // Content headers such as Expires and Content-Type belong to the content, all others to the request.
        if (value.AsSpan().ContainsAny('\r', '\n', '\0')
            || !(request.Headers.TryAddWithoutValidation(name, value)
                || request.Content!.Headers.TryAddWithoutValidation(name, value)))
        {
            throw new FormatException($"the branch header '{name}' cannot be sent");
        }
    }
}
