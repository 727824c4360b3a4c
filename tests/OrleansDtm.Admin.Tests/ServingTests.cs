using System.Net;
using System.Text;
using Microsoft.AspNetCore.Routing;
using OrleansDtm.Server;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests;

/// <summary>The page's path, its caching in browsers, and the access to its API.</summary>
public sealed class ServingTests(AdminStage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Below_a_base_path_everything_works_and_the_root_has_no_page()
    {
        const string basePath = "/ops/dtm-admin/";
        await using var server = await AdminServer.Start($"--Admin:BasePath={basePath}");
        var gid = SagaBody.NewGid();
        await server.AcceptEmpty(gid);
        using var root = await server.Get("/");
        using var api = await server.Get("/ui/api/overview");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (root.StatusCode, api.StatusCode));
        using var session = await server.Get("/ops/dtm-admin/ui/session");
        Assert.Contains(
            "; path=/ops/dtm-admin;",
            Assert.Single(session.Headers.GetValues("Set-Cookie")) + ";",
            StringComparison.OrdinalIgnoreCase);

        await using var visit = await stage.VisitAt($"{server.Url}{basePath.TrimEnd('/')}#/transactions");
        await Expect(visit.Page).ToHaveURLAsync($"{server.Url}{basePath.TrimEnd('/')}/#/transactions");
        await visit.Main.GetByText(gid).ClickAsync();
        await Expect(visit.Main.Locator(".heading .badge")).ToHaveTextAsync("succeed");
        await visit.Go("/topics");
        await Expect(visit.Main.Locator("h1")).ToHaveTextAsync("Topics");
        await visit.Go("/");
        await Expect(visit.Main.Locator(".tiles")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Switched_off_there_is_nothing_of_it()
    {
        await using var server = await AdminServer.Start("--Admin:Enabled=false");
        foreach (var path in new[] { "/", "/ui/app.js", "/ui/api/overview", "/ui/session" })
        {
            using var answer = await server.Get(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        var left = ((IEndpointRouteBuilder)server.App).DataSources
            .SelectMany(static s => s.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(static e => e.RoutePattern.RawText is { } text
                && (text is "/" || text.StartsWith("/ui", StringComparison.Ordinal)));
        Assert.Empty(left);
    }

    [Theory]
    [InlineData("dtm")]
    [InlineData("//evil.example")]
    [InlineData("/a b")]
    [InlineData("/../x")]
    [InlineData("/{x}")]
    [InlineData("/api/ui")]
    [InlineData("/health")]
    public void A_base_path_that_cannot_be_one_is_refused_at_the_start(string path)
    {
        var refused = Assert.Throws<SettingsException>(() => CoordinatorApp.Build([$"--Admin:BasePath={path}"]));
        Assert.Contains("Admin:BasePath", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Browsers_keep_the_files_and_ask_whether_they_are_still_the_same()
    {
        using var first = await stage.Server.Get("/ui/app.js");
        Assert.Equal("text/javascript", first.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-cache", first.Headers.CacheControl?.ToString());
        using var again = new HttpRequestMessage(HttpMethod.Get, stage.Server.Url + "/ui/app.js");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await stage.Server.Send(again);
        using var page = await stage.Server.Get("/");
        using var missing = await stage.Server.Get("/ui/nothing.js");
        using var outside = await stage.Server.Get("/ui/..%2f..%2fappsettings.json");
        using var data = await stage.Server.Get("/ui/api/overview");

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (missing.StatusCode, outside.StatusCode));
        Assert.True(data.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public void Its_API_needs_the_role_read_to_look_and_admin_to_change()
    {
        var endpoints = ((IEndpointRouteBuilder)stage.Server.App).DataSources
            .SelectMany(static s => s.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(static e => e.RoutePattern.RawText!.StartsWith("/ui/api/", StringComparison.Ordinal))
            .ToList();
        Assert.True(endpoints.Count >= 11, $"{endpoints.Count} endpoints");
        foreach (var endpoint in endpoints)
        {
            var methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods;
            var isAdmins = methods.Contains("POST")
                || endpoint.RoutePattern.RawText is "/ui/api/audit" or "/ui/api/settings" or "/ui/api/keys";
            Assert.Equal(isAdmins ? "admin" : "read", endpoint.Metadata.GetMetadata<RoleRequirement>()?.Role);
        }
    }

    [Fact]
    public async Task A_form_of_another_site_cannot_change_anything()
    {
        var gid = SagaBody.NewGid();
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, stage.Server.Url + "/ui/api/force-stop")
            {
                Content = new StringContent($$"""{"gid":"{{gid}}"}""", Encoding.UTF8, type),
            };
            using var answer = await stage.Server.Send(request);
            Assert.True(
                answer.StatusCode is HttpStatusCode.UnsupportedMediaType or HttpStatusCode.Forbidden,
                $"{type}: {answer.StatusCode}");
        }

        using var link = await stage.Server.Get("/ui/api/force-stop?gid=" + gid);
        Assert.True(
            link.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotFound, $"GET: {link.StatusCode}");
    }

    [Fact]
    public async Task Looking_at_the_page_counts_as_no_request_to_the_coordinator()
    {
        using var first = await stage.Server.Get("/ui/api/overview");
        using var scrape = await stage.Server.Get("/api/metrics");
        Assert.DoesNotContain(
            "api=\"overview\"", await scrape.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }
}
