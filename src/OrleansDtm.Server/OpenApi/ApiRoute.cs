namespace OrleansDtm.Server.OpenApi;

/// <summary>Metadata of an endpoint: its description in the OpenAPI document. See README.md of this folder.</summary>
internal sealed record ApiRoute
{
    /// <summary>The name of the method in generated clients, unique in the document.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="ApiTags"/>.</summary>
    public required string Tag { get; init; }

    /// <summary>One line.</summary>
    public required string Summary { get; init; }

    /// <summary>Details; null = the summary says all.</summary>
    public string? Details { get; init; }

    /// <summary>Null = the methods of the endpoint. Set it for an endpoint that takes any method.</summary>
    public string? Method { get; init; }

    /// <summary>
    /// GET changes state: it has this id, is deprecated, and the id above is for POST. Null = the endpoint has one
    /// method.
    /// </summary>
    public string? IdOfGet { get; init; }

    /// <summary>Kept for old SDKs: the description names the route to use instead.</summary>
    public bool IsDeprecated { get; init; }

    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>Null = no body is read.</summary>
    public ApiBody? Body { get; init; }

    /// <summary>The answers of the handler itself. Those of authentication and limits are added by role.</summary>
    public required IReadOnlyList<ApiAnswer> Answers { get; init; }

    /// <summary>Converts an answer of authentication and limits to the protocol of the route; default: none.</summary>
    public Func<ApiAnswer, ApiAnswer> Shape { get; init; } = static answer => answer;
}

/// <summary>A parameter of the query, or of the path if the route's pattern has its name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">What it means.</param>
internal sealed record ApiParameter(string Name, string Text)
{
    public bool IsRequired { get; init; }

    /// <summary>A whole number; otherwise a text.</summary>
    public bool IsNumber { get; init; }

    /// <summary>Of a number; null = not bounded.</summary>
    public long? Max { get; init; }

    public long Min { get; init; }

    /// <summary>Of a number; null = none.</summary>
    public long? Default { get; init; }

    /// <summary>The allowed texts; empty = any.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Of a text; null = not bounded.</summary>
    public int? LengthMax { get; init; }
}

/// <summary>A JSON body.</summary>
/// <param name="Type">Its schema.</param>
/// <param name="Examples">Bodies that the server accepts, by name; JSON.</param>
internal sealed record ApiBody(Type Type, params IReadOnlyList<(string Name, string Json)> Examples);

/// <summary>An answer.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Text">When it is given.</param>
/// <param name="Type">The schema of its JSON; null = <see cref="ContentType"/> is not JSON.</param>
/// <param name="Example">A body.</param>
internal sealed record ApiAnswer(int Status, string Text, Type? Type, string Example)
{
    public string ContentType { get; init; } = Type is null ? "text/plain" : "application/json";
}

/// <summary>The groups of operations.</summary>
internal static class ApiTags
{
    public const string Transactions = "Transactions";
    public const string Branches = "Branches";
    public const string Topics = "Topics";
    public const string Operations = "Operations";
    public const string JsonRpc = "JSON-RPC";
    public const string Server = "Server";

    /// <summary>In the order of the document.</summary>
    public static IReadOnlyList<(string Name, string Text)> All { get; } =
    [
        (Transactions, "Submit and watch transactions."),
        (Branches, "Branches that the submitter registers: tcc, xa and workflow."),
        (Topics, "Subscribers of topic://name, which a step of a msg can name."),
        (Operations, "Stop and retry transactions; the audit log. Most need the role admin."),
        (JsonRpc, "DTM's JSON-RPC API."),
        (Server, "Health, version, metrics."),
    ];
}

internal static class ApiRouteExtensions
{
    /// <summary>Describes the endpoint in the OpenAPI document.</summary>
    public static TBuilder Describe<TBuilder>(this TBuilder builder, ApiRoute route)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(route));
        return builder;
    }

    /// <summary>Leaves the endpoint out of the OpenAPI document.</summary>
    /// <param name="builder">One or many endpoints.</param>
    /// <param name="why">Why it is not for users.</param>
    public static TBuilder LeaveUndescribed<TBuilder>(this TBuilder builder, string why)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new Undescribed(why)));
        return builder;
    }
}

/// <summary>Metadata of an endpoint that is not in the OpenAPI document.</summary>
/// <param name="Why">Why it is not for users.</param>
internal sealed record Undescribed(string Why);
