using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrleansDtm.Server.OpenApi;

/// <summary>
/// Adds what an <see cref="ApiRoute"/> says to its operation, whose schemas ASP.NET Core has generated.
/// </summary>
internal sealed class OperationTexts : IOpenApiOperationTransformer
{
    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = (IReadOnlyList<object>)context.Description.ActionDescriptor.EndpointMetadata;
        var route = metadata.OfType<ApiRoute>().Last();
        var role = RouteAnswers.RoleOf(metadata);
        var isOldGet = route.IdOfGet is not null && context.Description.HttpMethod == HttpMethods.Get;
        operation.OperationId = isOldGet ? route.IdOfGet : route.Id;
        operation.Summary = route.Summary;
        operation.Description = string.Join("\n\n", new[]
        {
            route.Details,
            isOldGet ? "For DTM's SDKs, which change state by GET; use POST." : null,
            role.Length > 0 ? $"Role: {role}." : "No key is needed.",
        }.OfType<string>());
        operation.Deprecated = route.IsDeprecated || isOldGet;
        operation.Parameters =
        [
            .. route.Parameters.Select(parameter => Parameter(parameter, context.Description.RelativePath!)),
        ];
        Secure(operation, role, context.Document!);
        if (route.Body is { } body && operation.RequestBody is OpenApiRequestBody { Content: { } content } request)
        {
            request.Required = true;
            content["application/json"].Examples = body.Examples.ToDictionary(
                static example => example.Name,
                static IOpenApiExample (example) => new OpenApiExample { Value = JsonNode.Parse(example.Json) });
        }

        foreach (var answer in RouteAnswers.Of(route, context.Description.HttpMethod!, metadata))
        {
            Describe((OpenApiResponse)operation.Responses![$"{answer.Status}"], answer);
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiResponse response, ApiAnswer answer)
    {
        response.Description = answer.Text;
        var media = response.Content![answer.ContentType];
        media.Example = answer.Type is null ? JsonValue.Create(answer.Example) : JsonNode.Parse(answer.Example);
        if (answer.Status is 429 or 503 && answer.Type is not null)
        {
            Add("Retry-After", "Seconds.", JsonSchemaType.Integer);
        }
        else if (answer.Status is 401)
        {
            Add("WWW-Authenticate", "Bearer realm=\"orleansdtm\"", JsonSchemaType.String);
        }

        void Add(string name, string text, JsonSchemaType type)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers[name] = new OpenApiHeader
            {
                Description = text,
                Schema = new OpenApiSchema { Type = type },
            };
        }
    }

    private static OpenApiParameter Parameter(ApiParameter parameter, string path)
    {
        var isInPath = path.Contains($"{{{parameter.Name}}}", StringComparison.Ordinal);
        return new OpenApiParameter
        {
            Name = parameter.Name,
            In = isInPath ? ParameterLocation.Path : ParameterLocation.Query,
            Required = isInPath || parameter.IsRequired,
            Description = parameter.Text,
            Schema = new OpenApiSchema
            {
                Type = parameter.IsNumber ? JsonSchemaType.Integer : JsonSchemaType.String,
                Format = parameter.IsNumber ? "int64" : null,
                Minimum = parameter.IsNumber ? $"{parameter.Min}" : null,
                Maximum = parameter.Max is { } max ? $"{max}" : null,
                Default = parameter.Default is { } number ? JsonValue.Create(number) : null,
                MaxLength = parameter.LengthMax,
                Enum = parameter.Values.Count == 0
                    ? null
                    : [.. parameter.Values.Select(static value => (JsonNode)JsonValue.Create(value))],
            },
        };
    }

    /// <summary>A key or a token; a server without keys and tokens needs neither.</summary>
    private static void Secure(OpenApiOperation operation, string role, OpenApiDocument document)
    {
        if (role.Length == 0)
        {
            return;
        }

        operation.Security =
        [
            new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference(DocumentTexts.Bearer, document)] = [],
            },
            new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference(DocumentTexts.ApiKey, document)] = [],
            },
            new OpenApiSecurityRequirement(),
        ];
    }
}
