using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>The transactions of a filter as a file.</summary>
public sealed class ListExportTests(AdminStage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_saves_what_the_filter_matches()
    {
        await using var busi = await Participant.Start();
        var (shop, gid) = (SagaBody.NewGid(), SagaBody.NewGid());
        await StuckSagas.Submit(stage.Server, busi, gid, shop, attempts: 2);
        await using var visit = await stage.Visit($"/transactions?tag=shop:{shop}", new() { AcceptDownloads = true });
        await visit.Main.Locator("summary", new() { HasText = "Export" }).ClickAsync();
        var csv = await Save(visit, "CSV");
        Assert.Matches("^transactions-\\d{8}-\\d{6}\\.csv$", csv.Name);
        var lines = csv.Text.TrimEnd().Split("\r\n");
        Assert.StartsWith("\ufeffgid,namespace,trans_type,status,parked,create", lines[0], StringComparison.Ordinal);
        var row = Assert.Single(lines[1..]);
        Assert.StartsWith($"{gid},,saga,submitted,false,", row, StringComparison.Ordinal);
        Assert.Contains($",retry,01,action,{new Uri(busi.Url).Authority},2,", row, StringComparison.Ordinal);
        Assert.EndsWith($",shop:{shop}", row, StringComparison.Ordinal);
        Assert.DoesNotContain("card", csv.Text, StringComparison.Ordinal); // A payload.

        var json = JsonNode.Parse((await Save(visit, "JSON lines")).Text.TrimEnd())!;
        Assert.Equal(gid, (string?)json["gid"]);
        Assert.Equal(2, (int?)json["attempts"]);
        Assert.Contains("500", (string?)json["last_error"], StringComparison.Ordinal);
        Assert.Equal(shop, (string?)json["tags"]!["shop"]);
    }

    [Fact]
    public async Task A_spreadsheet_calculates_nothing_and_texts_keep_their_cells()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        busi.On("/Act1", new Reply(409, "=HYPERLINK(\"http://evil\",\"you, \"\"me\"\"\")\nnext line"));
        await stage.Server.Accept("submit", SagaBody.Of("=1+1" + shop, busi, 1).With(
            "tags", new JsonObject { ["shop"] = shop, ["note"] = "a; b" }));
        await stage.Server.UntilStatus("=1+1" + shop, "failed");
        var text = await Export($"format=csv&tag=shop:{shop}");
        var row = text[(text.IndexOf("\r\n", StringComparison.Ordinal) + 2)..];
        Assert.StartsWith($"\"'=1+1{shop}\",,saga,failed,", row, StringComparison.Ordinal);
        Assert.DoesNotContain(",=", row, StringComparison.Ordinal);
        Assert.DoesNotContain(",\"=", row, StringComparison.Ordinal);
        Assert.EndsWith($",\"note:a; b;shop:{shop}\"\r\n", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incomplete_file_says_so_in_its_last_line()
    {
        var start = SagaBody.NewGid();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => stage.Server.AcceptEmpty($"{start}-{i}")));
        var all = (await Export($"format=jsonl&gid_prefix={start}")).TrimEnd().Split('\n');
        Assert.Equal(5, all.Length);
        Assert.All(
            all, line => Assert.StartsWith(start, (string?)JsonNode.Parse(line)!["gid"], StringComparison.Ordinal));
        var some = (await Export($"format=jsonl&gid_prefix={start}&limit=3")).TrimEnd().Split('\n');
        Assert.Equal(4, some.Length);
        Assert.Equal("""{"truncated":true,"limit":3}""", some[^1]);
        var csv = (await Export($"format=csv&gid_prefix={start}&limit=3")).TrimEnd().Split("\r\n");
        Assert.Equal(5, csv.Length);
        Assert.StartsWith("\"(only the newest 3; more match)\",,", csv[^1], StringComparison.Ordinal);
        Assert.Equal(csv[0].Count(static c => c == ','), csv[^1].Count(static c => c == ','));
    }

    [Theory]
    [InlineData("format=xml", "format: 'xml' is unknown; one of csv, jsonl")]
    [InlineData("", "format: '' is unknown; one of csv, jsonl")]
    [InlineData("format=csv&limit=0", "limit: '0' is not a whole number of 1 or more")]
    [InlineData("format=csv&status=done", "status: 'done' is unknown")]
    [InlineData("format=csv&waiting=food", "waiting: 'food' is unknown; one of silo, parked")]
    public async Task Bad_parameters_are_named(string query, string message)
    {
        using var answer = await stage.Server.Get("/ui/api/transactions-export?" + query);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(message, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_exports_and_counts_its_namespace_alone()
    {
        var (boss, shop) = (ApiKey.New(), ApiKey.New());
        await using var server = await AdminServer.Start(
            Key(0, "boss admin", boss), Key(1, "clerk read", shop, "namespace=shop"));
        using var anonymous = await server.Get("/ui/api/transactions-export?format=csv");
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        server.SignIn(boss);
        await server.Accept("prepare", new JsonObject { ["gid"] = "of-default", ["trans_type"] = "tcc" });
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/api/dtmsvr/prepare")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { gid = "of-shop", trans_type = "tcc" }),
            Headers = { { "x-dtm-namespace", "shop" } },
        };
        (await server.Send(request)).EnsureSuccessStatusCode();

        server.SignIn(shop);
        var text = await (await server.Get("/ui/api/transactions-export?format=csv")).Content.ReadAsStringAsync(Cancel);
        Assert.Contains("of-shop,shop,tcc", text, StringComparison.Ordinal);
        Assert.DoesNotContain("of-default", text, StringComparison.Ordinal);
        var counts = await (await server.Get("/ui/api/transaction-counts")).Content.ReadAsStringAsync(Cancel);
        Assert.Equal(1, (int?)JsonNode.Parse(counts)!["count"]);
        foreach (var sort in new[] { "age", "attempts" })
        {
            var page = await (await server.Get($"/ui/api/transactions?sort={sort}")).Content.ReadAsStringAsync(Cancel);
            Assert.Equal(
                ["of-shop"],
                JsonNode.Parse(page)!["transactions"]!.AsArray().Select(static t => (string?)t!["gid"]));
        }

        using var other = await server.Get("/ui/api/transactions-export?format=csv&namespace=crm");
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    private static string Key(int number, string nameAndRole, string key, string option = "") =>
        $"--Security:Keys:{number}={nameAndRole} {ApiKey.Print(ApiKey.HashOf(key))} {option}";

    private static async Task<(string Name, string Text)> Save(Visit visit, string format)
    {
        var file = await visit.Page.RunAndWaitForDownloadAsync(
            () => visit.Page.GetByRole(AriaRole.Link, new() { Name = format, Exact = true }).ClickAsync());
        // Decoded from bytes: the byte order mark is part of the file.
        return (
            file.SuggestedFilename,
            System.Text.Encoding.UTF8.GetString(await File.ReadAllBytesAsync(await file.PathAsync(), Cancel)));
    }

    private async Task<string> Export(string query)
    {
        using var answer = await stage.Server.Get("/ui/api/transactions-export?" + query);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(Cancel);
    }
}
