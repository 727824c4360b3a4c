using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Net.Http.Headers;

namespace OrleansDtm.Server.OpenApi;

/// <summary>
/// Tells ASP.NET Core's API explorer about endpoints with an <see cref="ApiRoute"/>. Its own provider sees only
/// handlers whose parameters it can read; ours read the request themselves.
/// </summary>
internal sealed class RouteDescriptions(EndpointDataSource endpoints) : IApiDescriptionProvider
{
    private static readonly EmptyModelMetadataProvider Models = new();

    public int Order => 0;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        foreach (var endpoint in endpoints.Endpoints.OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<ApiRoute>() is not { } route)
            {
                continue;
            }

            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
            foreach (var method in route.Method is { } given ? [given] : methods)
            {
                context.Results.Add(Of(endpoint, route, method));
            }
        }
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
        // Nothing is left to do.
    }

    /// <summary>The path of an endpoint in the document.</summary>
    public static string PathOf(RoutePattern pattern) =>
        string.Join('/', pattern.PathSegments.Select(static segment => string.Concat(segment.Parts.Select(
            static part => part switch
            {
                RoutePatternLiteralPart literal => literal.Content,
                RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
                _ => "",
            }))));

    private static ApiDescription Of(RouteEndpoint endpoint, ApiRoute route, string method)
    {
        var description = new ApiDescription
        {
            HttpMethod = method,
            RelativePath = PathOf(endpoint.RoutePattern),
            ActionDescriptor = new ActionDescriptor
            {
                DisplayName = endpoint.DisplayName,
                EndpointMetadata = [.. endpoint.Metadata],
                RouteValues = { ["controller"] = route.Tag },
            },
        };
        if (route.Body is { } body)
        {
            description.SupportedRequestFormats.Add(new ApiRequestFormat { MediaType = "application/json" });
            description.ParameterDescriptions.Add(new ApiParameterDescription
            {
                Name = "body",
                Source = BindingSource.Body,
                Type = body.Type,
                ModelMetadata = Models.GetMetadataForType(body.Type),
                IsRequired = true,
            });
        }

        foreach (var answer in RouteAnswers.Of(route, method, endpoint.Metadata))
        {
            description.SupportedResponseTypes.Add(new ApiResponseType
            {
                StatusCode = answer.Status,
                Type = answer.Type ?? typeof(string),
                ModelMetadata = Models.GetMetadataForType(answer.Type ?? typeof(string)),
                ApiResponseFormats =
                [
                    new ApiResponseFormat { MediaType = MediaTypeHeaderValue.Parse(answer.ContentType).ToString() },
                ],
            });
        }

        return description;
    }
}
