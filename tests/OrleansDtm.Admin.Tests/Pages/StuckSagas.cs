using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Admin.Tests.Pages;

/// <summary>Sagas whose call has failed, for the tests of the list. The next attempt is minutes ahead.</summary>
internal static class StuckSagas
{
    /// <summary>Submits one with a tag and waits until its call has failed.</summary>
    /// <param name="server">The coordinator.</param>
    /// <param name="busi">The service.</param>
    /// <param name="gid">The gid.</param>
    /// <param name="shop">The value of the tag.</param>
    /// <param name="attempts">The failed attempts of its call; the operator asks for those after the first.</param>
    public static async Task Submit(
        AdminServer server, Participant busi, string gid, string shop, int attempts = 1)
    {
        busi.On("/" + gid, [.. Enumerable.Repeat(Reply.Error, attempts + 10)]);
        await server.Accept("submit", new JsonObject
        {
            ["gid"] = gid,
            ["trans_type"] = "saga",
            ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{gid}", ["compensate"] = "" }),
            ["payloads"] = new JsonArray("{\"card\":\"of the customer\"}"),
            ["tags"] = new JsonObject { ["shop"] = shop },
        });
        await server.UntilWaiting(gid);
        for (var made = 1; made < attempts; made++)
        {
            await server.Accept("resetNextCronTime", new JsonObject { ["gid"] = gid });
            var wanted = made + 1;
            await Poll.Until(
                async () => (await server.Query(gid))["branches"]!.AsArray()
                    .Any(b => (int?)b!["attempts"] == wanted && b["next_retry_time"] is not null),
                Poll.Patience,
                () => $"{gid} has not {wanted} attempts",
                TestContext.Current.CancellationToken);
        }
    }
}
