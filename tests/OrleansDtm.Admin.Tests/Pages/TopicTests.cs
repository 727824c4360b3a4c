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
