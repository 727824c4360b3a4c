using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.OpenApi;

/// <summary>Generates the OpenAPI document, and serves it.</summary>
internal static class OpenApiHosting
{
    public const string Path = $"/openapi/{ApiDocument.Name}.json";

    public static void AddApiDocument(this IServiceCollection services)
    {
        // Only schemas use these options. Names without an attribute are those of AuditViewJson; numbers are no texts.
        services.Configure<JsonOptions>(static json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.AddOpenApi(ApiDocument.Name, static options =>
        {
            options.CreateSchemaReferenceId = SchemaTexts.NameOf;
            options.AddOperationTransformer<OperationTexts>();
            options.AddSchemaTransformer<SchemaTexts>();
            options.AddDocumentTransformer<DocumentTexts>();
        });
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, RouteDescriptions>());
        services.AddSingleton<ApiDocument>();
    }

    /// <summary>Open to all: it holds no secrets, only what the repository holds.</summary>
    public static void MapApiDocument(this IEndpointRouteBuilder routes)
    {
        var document = routes.ServiceProvider.GetRequiredService<ApiDocument>();
        routes.MapMethods(Path, [HttpMethods.Get, HttpMethods.Head], document.Send)
            .DisableHttpMetrics()
            .OpenToAll()
            .LeaveUndescribed("It is the description.");
    }
}
