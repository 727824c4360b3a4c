using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>A gid is data: whatever it contains, it identifies one transaction and has no other effect.</summary>
[Collection(SharedServer.Name)]
public sealed class HostileGidTests(RunningServer running)
{
    [Theory]
    [InlineData("'; update dtm_transaction set status='succeed'; --")]
    [InlineData("x' or '1'='1")]
    [InlineData("%_\\\"`")]
    [InlineData("a/../b?c=d&e#f")]
    [InlineData("gid mit Umlaut äöü 漢字 🚀")]
    public async Task It_is_stored_found_called_with_and_reset_as_it_is(string part)
    {
        await using var busi = await Participant.Start();
        var gid = Guid.NewGuid().ToString("N") + part;
        var bystander = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Error);
        await running.Dtm.Accept(SagaBody.Of(bystander, busi).With("retry_interval", 300));
        await running.Dtm.UntilWaiting(bystander);
        busi.On("/Act1", Reply.Error, Reply.Success);
        await running.Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await running.Dtm.UntilWaiting(gid);

        var reset = await running.Dtm.Post("resetNextCronTime", new JsonObject { ["gid"] = gid });
        await running.Dtm.Until("succeed", gid);

        Assert.Equal(200, reset.Status);
        Assert.Contains(busi.Calls, call => call.Gid == gid);
        Assert.Equal("submitted", (string?)(await running.Dtm.Transaction(bystander))?["status"]);
        await running.Dtm.Post("forceStop", new JsonObject { ["gid"] = bystander });
    }
}
