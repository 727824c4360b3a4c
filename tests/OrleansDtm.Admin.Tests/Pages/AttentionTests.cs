using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>What the overview says first: what does not go on, why, and who is in trouble.</summary>
public sealed class AttentionTests(AdminStage stage)
{
    [Fact]
    public async Task It_names_what_is_put_aside_what_is_retried_and_the_service_that_fails()
    {
        await using var server = await AdminServer.Start("--RetryInterval=300");
        await using var busi = await Participant.Start();
        busi.On("/Act1", Reply.Success, Reply.Success, Reply.Error);
        busi.On("/Act2", Reply.Refusal);
        busi.On("/Comp1", Reply.Error);
        var (parked, retried) = (SagaBody.NewGid(), SagaBody.NewGid());
        await server.Accept("submit", SagaBody.Of(SagaBody.NewGid(), busi, 1).With("wait_result", true));
        await server.Accept("submit", SagaBody.Of(parked, busi).With("give_up_after", 1));
        await server.UntilParked(parked);
        await server.Accept("submit", SagaBody.Of(retried, busi, 1));
        await server.UntilWaiting(retried);

        await using var visit = await stage.VisitAt(server.Url + "/#/");
        var attention = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Needs attention" });
        await Expect(attention).ToContainTextAsync("1 transaction is put aside: it goes on only if an operator acts");
        var service = attention.Locator(".services li", new() { HasText = new Uri(busi.Url).Authority });
        await Expect(service).ToContainTextAsync("2 transactions wait for it");
        await Expect(service).ToContainTextAsync("1 put aside");
        await Expect(service).ToContainTextAsync(new Regex("last good answer .* ago"));
        await Expect(service.GetByRole(AriaRole.Img)).ToHaveAttributeAsync(
            "aria-label", new Regex("^Failures of the last ten minutes, by minute: 0, .*[1-9]"));
        await Expect(visit.Tile("Retrying")).ToContainTextAsync("1");
        await Expect(visit.Tile("Put aside")).ToContainTextAsync("1");
        await Expect(visit.Tile("Overdue")).ToContainTextAsync("every silo is on time");
        await Expect(visit.Page.Locator(".ranks li", new() { HasText = "a call is retried" })).ToContainTextAsync("1");
        await visit.Shot("attention");

        await service.GetByRole(AriaRole.Link, new() { Name = "2 transactions wait for it" }).ClickAsync();
        await Expect(visit.Main).ToContainTextAsync(parked);
        await Expect(visit.Main).ToContainTextAsync(retried);
        await visit.Go("/");
        await attention.GetByRole(AriaRole.Link, new() { Name = "put aside" }).ClickAsync();
        await Expect(visit.Main).ToContainTextAsync(parked);
        await Expect(visit.Main).Not.ToContainTextAsync(retried);
    }

    [Fact]
    public async Task Without_trouble_it_says_so()
    {
        await using var server = await AdminServer.Start();
        await using var visit = await stage.VisitAt(server.Url + "/#/");
        await Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Needs attention" }))
            .ToContainTextAsync("no service fails, nothing is put aside or overdue, and all silos answer");
        await Expect(visit.Page.Locator("td[data-label=Connections]")).ToContainTextAsync("client");
        await visit.Shot("attention-none");
    }

    [Fact]
    public async Task A_silo_that_is_behind_or_silent_and_a_wrong_clock_are_named()
    {
        await using var visit = await stage.VisitAt(stage.Server.Url + "/#/", null, page => page.RouteAsync(
            "**/ui/api/overview",
            async route =>
            {
                var answer = await route.FetchAsync();
                var data = JsonNode.Parse(await answer.TextAsync())!;
                data["silos"]![0]!["load"]!["sweep_lag"] = 95;
                data["silos"]![0]!["load"]!["clock_behind"] = -4.2;
                data["silos"]!.AsArray().Add(new JsonObject
                {
                    ["address"] = "10.0.0.7:11111",
                    ["name"] = "silo-2",
                    ["status"] = "Active",
                    ["is_here"] = false,
                });
                await route.FulfillAsync(new() { Response = answer, Body = data.ToJsonString() });
            }));
        var attention = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Needs attention" });
        await Expect(attention).ToContainTextAsync("is behind: its oldest due transaction is overdue by 95 s");
        await Expect(attention).ToContainTextAsync("is 4.2 s ahead of the database");
        await Expect(attention).ToContainTextAsync("10.0.0.7:11111 does not answer");
        await visit.Shot("attention-silos");
    }
}
