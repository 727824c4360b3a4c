using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.AspNetCore;
using Xunit;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>Branches as controller actions.</summary>
public sealed class BranchControllerTests
{
    [Fact]
    public async Task Actions_of_a_controller_are_branches_too()
    {
        await using var ledger = await Ledger.Create();
        await using var app = await BranchApp.Start(
            ledger,
            static app => app.MapControllers(),
            static builder => builder.Services.AddControllers().AddApplicationPart(typeof(BankController).Assembly));

        for (var i = 0; i < 2; i++)
        {
            var (status, body) = await app.Call("/bank/out", "g1", "action", 30);
            Assert.Equal((200, "SUCCESS"), (status, (string?)body!["dtm_result"]));
        }

        Assert.Equal(70, await ledger.Balance("A"));

        var refused = await app.Call("/bank/out", "g2", "action", 1000);
        Assert.Equal(
            (409, "FAILURE", "too much"),
            (refused.Status, (string?)refused.Body!["dtm_result"], (string?)refused.Body["message"]));
        Assert.Equal(500, (await app.Call("/bank/out", "g3", "action", -1)).Status);
        Assert.Equal(409, (await app.Call("/bank/conflict", "g4", "action", 1)).Status);
        foreach (var (answer, said) in new[]
        {
            ("forbid", 500), ("challenge", 500), ("redirect", 404), ("unknown", 500), ("problem", 409), ("set", 409),
            ("set-value", 409), ("text", 409),
        })
        {
            Assert.Equal(
                (answer, said),
                (answer, (await app.Call("/bank/answer/" + answer, "g-" + answer, "action", 1)).Status));
        }

        Assert.Equal(500, (await app.Call("/bank/minimal", "g8", "action", 1)).Status);
        Assert.Equal(70, await ledger.Balance("A"));

        var nothing = await app.Call("/bank/nothing", "g7", "action", 5);
        Assert.Equal((200, "SUCCESS"), (nothing.Status, (string?)nothing.Body!["dtm_result"]));
        Assert.Equal(65, await ledger.Balance("A"));

        var ongoing = await app.Call("/bank/later", "g5", "action", 0);
        Assert.Equal((425, "ONGOING"), (ongoing.Status, (string?)ongoing.Body!["dtm_result"]));
        Assert.Equal("g6 01", (string?)(await app.Call("/bank/who", "g6", "confirm", 0)).Body!["who"]);
        using var stranger = await app.Get("/bank/who");
        Assert.Equal(400, (int)stranger.StatusCode);
    }
}

[Route("bank/[action]")]
[Branch(Barrier = true)]
public sealed class BankController(LocalTransaction db, BranchContext context) : ControllerBase
{
    [HttpPost, ActionName("out")]
    public async Task Out([FromBody] long amount)
    {
        await Take(amount);
        if (amount > 100)
        {
            throw new BranchFailureException("too much");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(amount);
    }

    [HttpPost, ActionName("conflict")]
    public async Task<IActionResult> Refuse([FromBody] long amount)
    {
        await Take(amount);
        return Conflict();
    }

    [HttpPost("{answer}"), ActionName("answer")]
    public async Task<IActionResult?> Answer(string answer, [FromBody] long amount)
    {
        await Take(amount);
        Response.StatusCode = answer is "set" or "set-value" or "text" ? 409 : 200;
        return answer switch
        {
            "forbid" => Forbid(),
            "challenge" => Challenge(),
            "redirect" => Redirect("/nowhere"),
            "unknown" => SignOut(),
            "problem" => new ObjectResult(new ProblemDetails { Status = 409 }),
            "set-value" => new ObjectResult(7),
            "text" => Content("7"),
            _ => new EmptyResult(),
        };
    }

    [HttpPost, ActionName("minimal")]
    public async Task<Microsoft.AspNetCore.Http.IResult> Minimal([FromBody] long amount)
    {
        await Take(amount);
        return Microsoft.AspNetCore.Http.Results.Conflict();
    }

    [HttpPost, ActionName("nothing")]
    public async Task<object?> Nothing([FromBody] long amount)
    {
        await Take(amount);
        return null;
    }

    [HttpPost, ActionName("later")]
    public BranchOutcome Later() => context.Op == BranchOps.Action ? BranchOutcome.Ongoing : BranchOutcome.Success;

    [HttpPost, HttpGet, ActionName("who")]
    public object Who() => new { who = $"{context.Gid} {context.BranchId}" };

    private Task<int> Take(long amount) =>
        db.ExecuteAsync($"update account set balance = balance - {amount} where name = 'A'");
}
