using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>odtm retry, resolve, force-stop, topics and audit.</summary>
[Collection(SharedServer.Name)]
public sealed class ChangeTests(RunningServer running)
{
    private string Url => running.Process.Url;

    [Fact]
    public async Task A_retry_calls_one_branch_or_all_now()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);

        var one = (await Odtm.Run(Url, "retry", gid, "--branch", "01", "--op", "action", "-o", "json")).Ends(0);
        await busi.Called("/Act1", 2);
        await running.Dtm.UntilWaiting(gid);
        busi.On("/Act1", Reply.Success);
        var all = (await Odtm.Run(Url, "retry", gid)).Ends(0);
        await running.Dtm.Until("succeed", gid);

        Assert.Equal(
            $$"""{"gid":"{{gid}}","action":"retry","branch_id":"01","op":"action","result":"done"}""",
            one.Json.ToJsonString());
        Assert.Equal($"The pending calls of {gid} are made now.", all.Output.Trim());
        (await Odtm.Run(Url, "retry", gid, "--branch", "01", "--op", "action")).Ends(1).Says("Not possible: ");
        (await Odtm.Run(Url, "retry", gid, "--branch", "01")).Ends(2).Says("--branch and --op: give both");
        (await Odtm.Run(Url, "retry", "nobody")).Ends(3).Says("no such gid");
    }

    [Fact]
    public async Task A_branch_is_resolved_after_a_question()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);
        string[] resolve = ["resolve", gid, "01", "action", "--reason", "booked by hand"];

        var refused = await Odtm.Run(Url, resolve);
        var no = await Odtm.Run(new Surroundings(Url) { Input = "n\n" }, resolve);
        Assert.Equal("submitted", (string?)(await running.Dtm.Transaction(gid))!["status"]);
        var yes = await Odtm.Run(new Surroundings(Url) { Input = "y\n" }, resolve);

        refused.Ends(2).Says("Add --yes to confirm it");
        no.Ends(1).Says("Nothing was changed.");
        Assert.Equal($"01 action of {gid} counts as succeeded.", yes.Ends(0).Output.Trim());
        await running.Dtm.Until("succeed", gid);
        Assert.Single(busi.On("/Act1"));
        Assert.Contains(
            "resolved by hand: booked by hand", (await Odtm.Run(Url, "show", gid)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_transaction_and_the_audit_log_show_the_reason()
    {
        await using var busi = await Participant.Start();
        var gid = await Stuck(busi);

        var stopped = (await Odtm.Run(
            Url, "force-stop", gid, "--reason", "stock is gone, ticket 17", "--yes", "-o", "json")).Ends(0);
        var shown = (await Odtm.Run(Url, "show", gid)).Ends(0);
        var audit = (await Odtm.Run(Url, "audit", "--gid", gid, "--action=forceStop")).Ends(0);
        var json = (await Odtm.Run(Url, "audit", "--gid", gid, "--outcome=done", "--since=1h", "-o", "json")).Ends(0);
        var again = await Odtm.Run(Url, "force-stop", gid, "--reason", "@alice asked again", "-y");

        Assert.Equal("stock is gone, ticket 17", (string?)stopped.Json["reason"]);
        Assert.StartsWith($"saga {gid} failed", shown.Output, StringComparison.Ordinal);
        Assert.Contains(", because stock is gone, ticket 17", shown.Output, StringComparison.Ordinal);
        Assert.Matches($"forceStop +done +anonymous +127.0.0.1 +{gid} +submitted>failed +because stock", audit.Output);
        Assert.Equal("forceStop", (string?)json.Json["records"]![0]!["action"]);
        again.Ends(1).Says("Not possible: ");
    }

    [Fact]
    public async Task Topics_are_changed_and_listed()
    {
        var topic = $"topic-{Guid.NewGuid():N}";
        var url = "http://127.0.0.1:1/subscriber?a=b";

        (await Odtm.Run(Url, "topics", "subscribe", topic, url, "--remark", "the shop's")).Ends(0);
        var table = (await Odtm.Run(Url, "topics")).Ends(0);
        var json = (await Odtm.Run(Url, "topics", "list", "-o", "json")).Ends(0).Json;
        (await Odtm.Run(Url, "topics", "unsubscribe", topic, url)).Ends(2).Says("Add --yes");
        (await Odtm.Run(Url, "topics", "unsubscribe", topic, url, "--yes")).Ends(0);
        var gone = await Odtm.Run(Url, "topics", "unsubscribe", topic, url, "--yes");
        var deleted = (await Odtm.Run(Url, "topics", "delete", topic, "--yes", "-o", "json")).Ends(0);

        Assert.Contains($"{topic}  1        {url}  the shop's", table.Output, StringComparison.Ordinal);
        Assert.Equal(
            url,
            (string?)json["topics"]!.AsArray().Single(t => (string?)t!["topic"] == topic)!["subscribers"]![0]!["url"]);
        gone.Ends(3);
        Assert.Equal(("delete", "done"), ((string?)deleted.Json["action"], (string?)deleted.Json["result"]));
        (await Odtm.Run(Url, "topics", "delete", topic, "--yes")).Ends(3);
    }

    private async Task<string> Stuck(Participant busi)
    {
        busi.On("/Act1", Reply.Error);
        var gid = SagaBody.NewGid();
        await running.Dtm.Accept(SagaBody.Of(gid, busi, steps: 1).With("retry_interval", 300));
        await running.Dtm.UntilWaiting(gid);
        return gid;
    }
}
