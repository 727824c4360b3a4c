using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrleansDtm.Server.OpenApi;

/// <summary>Title, tags and security schemes of the document.</summary>
internal sealed class DocumentTexts : IOpenApiDocumentTransformer
{
    /// <summary>The name of the security scheme of keys and tokens in Authorization.</summary>
    public const string Bearer = "bearer";

    /// <summary>The name of the security scheme of keys in their own header.</summary>
    public const string ApiKey = "apiKey";

    private const string Text = """
        The HTTP API of a distributed transaction coordinator with DTM's protocol: saga, msg (outbox), TCC, XA and
        workflow.

        - A new transaction: `submitTransaction`. Its status: `getTransaction`.
        - `prepareTransaction`, `submitTransaction`, `abortTransaction` and `registerBranch` are idempotent for a gid.
        - Answers have DTM's envelope `dtm_result`. `FAILURE` (409) is a business failure. `ONGOING` (425) means that the
          transaction continues. 429 and 503 are undecided: retry after `Retry-After`.
        - A defect of the server is answered 500, `ERROR`; its log says more.
        - Roles: `read`, `submit` (includes read), `admin` (includes submit). A server without keys needs none.
        - Namespaces: the header `x-dtm-namespace` (GET: also the query parameter `namespace`) names the namespace of gids,
          topics, tags and jobs. Without it the default one is used, or the one that the key is bound to. A namespace that
          the caller may not use is answered 403. Answers have `namespace` unless it is the default one.
        - DTM's gRPC API is on another port and described by its .proto files.
        """;

    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "OrleansDtm",
            Version = "v1",
            Description = Text.ReplaceLineEndings("\n"),
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = new HashSet<OpenApiTag>(ApiTags.All.Select(
            static tag => new OpenApiTag { Name = tag.Name, Description = tag.Text }));
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "`Authorization: Bearer ...` with an API key (Security:Keys) or a token of an OpenID "
                    + "Connect issuer (Security:Jwt).",
            },
            [ApiKey] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "X-Api-Key",
                Description = "An API key (Security:Keys).",
            },
        };
        return Task.CompletedTask;
    }
}
