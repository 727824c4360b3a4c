using System.Text.Json.Nodes;
using Json.Schema;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.OpenApi;

/// <summary>The checked-in OpenAPI document, and what it says of an answer.</summary>
internal sealed class ApiDescription
{
    private static readonly string[] Methods = ["get", "post", "put", "delete"];

    private readonly JsonObject _document;
    private readonly JsonObject _schemas;

    public ApiDescription()
    {
        _document = JsonNode.Parse(File.ReadAllText(Path))!.AsObject();
        _schemas = Moved(_document["components"]!["schemas"]!).AsObject();
        foreach (var (_, schema) in _schemas)
        {
            // An answer with a member that the document does not have is found too.
            if (schema!["properties"] is not null)
            {
                schema["additionalProperties"] = false;
            }
        }
    }

    /// <summary>The document is generated from the routes and frozen here.</summary>
    public static string Path => RepositoryRoot.File("src", "OrleansDtm.Server", "openapi.json");

    public JsonObject Document => _document;

    /// <summary>All operations.</summary>
    public IEnumerable<(string Path, string Method, JsonObject Operation)> Operations =>
        from path in _document["paths"]!.AsObject()
        from method in Methods
        where path.Value![method] is not null
        select (path.Key, method, path.Value![method]!.AsObject());

    public JsonObject Operation(string id) =>
        Operations.Single(o => (string?)o.Operation["operationId"] == id).Operation;

    /// <summary>Asserts that the operation has this answer, and that its body conforms.</summary>
    public void Check(JsonObject operation, int status, string? type, string body)
    {
        var id = (string?)operation["operationId"];
        var answer = operation["responses"]![$"{status}"];
        Assert.True(answer is not null, $"{id} answered {status}, which is not described: {body}");
        var media = answer["content"]?[type ?? ""];
        Assert.True(media is not null, $"{id} answered {status} with {type}, which is not described: {body}");
        if (type == "application/json")
        {
            Conform(media["schema"]!, JsonNode.Parse(body), $"{id} {status}");
        }
    }

    /// <summary>Asserts that the value conforms to the schema.</summary>
    public void Conform(JsonNode schema, JsonNode? value, string what)
    {
        var whole = Moved(schema).AsObject();
        whole["$defs"] = _schemas.DeepClone();
        var result = JsonSchema.FromText(whole.ToJsonString()).Evaluate(
            value, new EvaluationOptions { OutputFormat = OutputFormat.List });
        var problems = result.Details
            .Where(static detail => detail.HasErrors)
            .SelectMany(static detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}"));
        Assert.True(result.IsValid, $"{what}: {string.Join("; ", problems)}\n{value?.ToJsonString()}");
    }

    /// <summary>References of the document as those of a schema.</summary>
    private static JsonNode Moved(JsonNode schema) => JsonNode.Parse(
        schema.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal))!;
}
