using System.Net;
using System.Text.Json.Nodes;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.OpenApi;

/// <summary>The OpenAPI document: complete, valid, frozen, and readable without a key.</summary>
public sealed class DocumentTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    private const string Renew = "OPENAPI_RENEW";

    private readonly ApiDescription _api = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_served_document_is_the_checked_in_one()
    {
        using var http = new HttpClient();
        var served = await http.GetStringAsync(new Uri(server.Url, "/openapi/v1.json"), Cancel);
        if (Environment.GetEnvironmentVariable(Renew) == "1")
        {
            await File.WriteAllTextAsync(ApiDescription.Path, served, Cancel);
        }

        Assert.True(
            served == await File.ReadAllTextAsync(ApiDescription.Path, Cancel),
            $"The API has changed. Is that meant, and compatible? Then run this test with {Renew}=1 and commit "
            + $"{ApiDescription.Path}.");
    }

    [Fact]
    public async Task It_needs_no_key_and_is_sent_once()
    {
        using var http = new HttpClient();
        using var first = await http.GetAsync(new Uri(server.Url, "/openapi/v1.json"), Cancel);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("application/json", first.Content.Headers.ContentType?.MediaType);

        using var again = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/openapi/v1.json"));
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await http.SendAsync(again, Cancel);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancel));

        // The reference page reads it below its own path.
        var page = await http.GetStringAsync(new Uri(server.Url, "/ui/openapi.json"), Cancel);
        Assert.Equal(await first.Content.ReadAsStringAsync(Cancel), page);
    }

    [Fact]
    public void Every_route_is_described_or_says_why_it_is_not()
    {
        var described = _api.Operations.Select(static o => $"{o.Method} {o.Path}").ToHashSet(StringComparer.Ordinal);
        var endpoints = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(static e => e.Metadata.GetMetadata<GrpcMethodMetadata>() is null && !IsGrpc(e))
            .ToList();
        Assert.True(endpoints.Count > 40, $"{endpoints.Count} endpoints");
        foreach (var endpoint in endpoints)
        {
            var name = $"{endpoint.DisplayName} has neither Describe nor LeaveUndescribed";
            if (endpoint.Metadata.GetMetadata<Undescribed>() is { } left)
            {
                Assert.NotEmpty(left.Why);
                continue;
            }

            Assert.True(endpoint.Metadata.GetMetadata<ApiRoute>() is not null, name);
            var path = "/" + RouteDescriptions.PathOf(endpoint.RoutePattern);
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"];
            Assert.All(methods, method => Assert.Contains($"{method.ToLowerInvariant()} {path}", described));
        }

        // ASP.NET Core answers unknown gRPC methods itself.
        static bool IsGrpc(RouteEndpoint endpoint) =>
            endpoint.DisplayName?.StartsWith("gRPC - Unimplemented", StringComparison.Ordinal) == true;
    }

    [Fact]
    public void Only_the_page_and_the_document_are_left_out()
    {
        var undescribed = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(static e => e.Metadata.GetMetadata<Undescribed>() is not null)
            .Select(static e => e.RoutePattern.RawText!);
        Assert.DoesNotContain(
            undescribed,
            static path => path.StartsWith("/api", StringComparison.Ordinal)
                || path.StartsWith("/health", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reader_finds_nothing_wrong()
    {
        await using var file = File.OpenRead(ApiDescription.Path);
        var read = await OpenApiDocument.LoadAsync(file, "json", cancellationToken: Cancel);

        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        Assert.Empty(read.Document!.Validate(ValidationRuleSet.GetDefaultRuleSet()));
    }

    [Fact]
    public void Every_operation_has_a_name_for_clients_and_texts_for_readers()
    {
        Assert.Distinct(_api.Operations.Select(static o => (string)o.Operation["operationId"]!));
        var tags = _api.Document["tags"]!.AsArray().Select(static tag => (string)tag!["name"]!).ToList();
        Assert.All(_api.Operations, operation =>
        {
            var (path, _, o) = operation;
            Assert.Matches("^[a-z][A-Za-z]+$", (string)o["operationId"]!);
            Assert.Matches(@"^[A-Z].*\.$", (string)o["summary"]!);
            Assert.Contains((string)Assert.Single(o["tags"]!.AsArray())!, tags);
            Assert.All(o["responses"]!.AsObject(), static r => Assert.NotEmpty((string)r.Value!["description"]!));
            foreach (var parameter in o["parameters"]?.AsArray() ?? [])
            {
                Assert.NotEmpty((string)parameter!["description"]!);
                Assert.Equal(path.Contains('{'), (string?)parameter["in"] == "path");
            }
        });
    }

    [Fact]
    public void Every_field_is_explained()
    {
        var schemas = _api.Document["components"]!["schemas"]!.AsObject();
        foreach (var (name, schema) in schemas)
        {
            Assert.True(schema!["description"] is not null, name);
            foreach (var (field, member) in schema["properties"]!.AsObject())
            {
                Assert.True(
                    member!["description"] is not null || member["$ref"] is not null || member["oneOf"] is not null,
                    $"{name}.{field}");
            }
        }
    }

    [Fact]
    public void Every_example_conforms_to_its_schema()
    {
        var examples = 0;
        foreach (var (_, _, operation) in _api.Operations)
        {
            var id = (string?)operation["operationId"];
            var bodies = operation["requestBody"]?["content"]?["application/json"];
            foreach (var (name, example) in bodies?["examples"]?.AsObject() ?? [])
            {
                _api.Conform(bodies!["schema"]!, example!["value"], $"{id}, {name}");
                examples++;
            }

            foreach (var (status, answer) in operation["responses"]!.AsObject())
            {
                var (type, media) = Assert.Single(answer!["content"]!.AsObject());
                _api.Check(operation, int.Parse(status, null), type, Text(media!["example"]!));
                examples++;
            }
        }

        Assert.True(examples > 150, $"{examples} examples");
    }

    private static string Text(JsonNode example) =>
        example is JsonValue text ? text.GetValue<string>() : example.ToJsonString();
}
