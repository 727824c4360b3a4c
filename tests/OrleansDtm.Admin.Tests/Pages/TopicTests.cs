using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Creating, changing and deleting topics and subscribers on the page.</summary>
public sealed class TopicTests(AdminStage stage)
{
    [Fact]
    public async Task A_topic_is_created_gains_and_loses_subscribers_and_is_deleted()
    {
        var name = "orders." + SagaBody.NewGid();
        await using var visit = await stage.Visit("/topics");
        var create = visit.Page.GetByRole(AriaRole.Form, new() { Name = "New topic" });
        await create.GetByLabel("Name").FillAsync(name);
        await create.GetByLabel("Subscriber").FillAsync("http://localhost:7001/paid");
        await create.GetByLabel("Remark").FillAsync("billing");
        await visit.Button("Create").ClickAsync();

        var topic = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Topic " + name });
        await Expect(topic.Locator(".subscribers li")).ToContainTextAsync("http://localhost:7001/paid");
        await Expect(topic).ToContainTextAsync("billing");
        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync($"is subscribed to {name}");
        await topic.GetByLabel("Subscriber").FillAsync("http://localhost:7002/paid");
        await topic.GetByLabel("Subscriber").PressAsync("Enter");
        await Expect(topic.Locator(".subscribers li")).ToHaveCountAsync(2);
        await visit.Shot("topics");

        await topic.GetByLabel("Remove http://localhost:7001/paid").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync("http://localhost:7001/paid");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(topic.Locator(".subscribers li")).ToHaveCountAsync(1);
        await Expect(topic).ToContainTextAsync("http://localhost:7002/paid");

        await topic.GetByLabel("Delete topic").ClickAsync();
        await Expect(visit.Dialog).ToContainTextAsync(name);
        await Expect(visit.Dialog).ToContainTextAsync("has 1 subscriber");
        await visit.Dialog.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(topic).ToHaveCountAsync(0);
        using var left = await stage.Server.Get("/api/dtmsvr/queryKV?cat=topics&key=" + name);
        Assert.Equal("""{"kv":[]}""", await left.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_subscriber_shows_its_calls_and_its_last_error()
    {
        await using var good = await Participant.Start();
        await using var bad = await Participant.Start();
        bad.On("/paid", Reply.Error);
        var (topic, gid) = ("paid." + SagaBody.NewGid(), SagaBody.NewGid());
        foreach (var busi in new[] { good, bad })
        {
            await stage.Server.Accept(
                $"subscribe?topic={topic}&url={Uri.EscapeDataString(busi.Url + "/paid")}", []);
        }

        await stage.Server.Accept("submit", PatternBodies.Msg(gid, good, 1)
            .With("steps", new JsonArray(new JsonObject { ["action"] = $"topic://{topic}" }))
            .With("concurrent", true));
        await stage.Server.UntilWaiting(gid);
        await using var visit = await stage.Visit("/topics");

        var rows = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Topic " + topic })
            .Locator(".subscribers li");
        await Expect(rows.Nth(0)).ToContainTextAsync("no failures in 10 min");
        await Expect(rows.Nth(0)).ToContainTextAsync(
            $"1 call to {new Uri(good.Url).Authority}: 1 succeeded, 0 not");
        await Expect(rows.Nth(1)).ToContainTextAsync("1 failure in 10 min");
        await Expect(rows.Nth(1)).ToContainTextAsync("HTTP status 500");
        await visit.Shot("topics-deliveries");
        await rows.Nth(1).GetByRole(AriaRole.Link, new() { Name = gid }).ClickAsync();
        await Expect(visit.Main.Locator("h1")).ToContainTextAsync(gid);
        await stage.Server.Accept("forceStop", PatternBodies.Of(gid, "msg"));
    }

    [Fact]
    public async Task A_wrong_subscriber_is_refused_beside_the_form_and_nothing_typed_is_lost()
    {
        await using var visit = await stage.Visit("/topics");
        var create = visit.Page.GetByRole(AriaRole.Form, new() { Name = "New topic" });
        await create.GetByLabel("Name").FillAsync("bad." + SagaBody.NewGid());
        await create.GetByLabel("Subscriber").FillAsync("javascript:alert(1)");

        await visit.Button("Create").ClickAsync();

        await Expect(create.GetByRole(AriaRole.Alert)).ToContainTextAsync("url");
        await Expect(create.GetByLabel("Subscriber")).ToHaveValueAsync("javascript:alert(1)");
    }
}
