using System.Collections.Concurrent;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Samples;

// Publish and subscribe: a message is published once, and every subscriber of the topic is called until it succeeds.
return await Stage.Run("Topics", async stage =>
{
    var heard = new ConcurrentQueue<string>();
    var down = true;
    var shop = await stage.Service(
        services => services.AddBranches(),
        app =>
        {
            app.MapBranch("/stock", (Paid paid) => heard.Enqueue($"stock {paid.Order}"));
            app.MapBranch("/mail", (Paid paid) =>
            {
                if (down)
                {
                    down = false;
                    throw new BranchOngoingException("the mail server is down");
                }

                heard.Enqueue($"mail {paid.Order}");
            });
        });
    var dtm = stage.Dtm();

    await dtm.SubscribeAsync("paid", $"{shop}/stock", "reserves the goods", stage.Stop);
    await dtm.SubscribeAsync("paid", $"{shop}/mail", "writes to the customer", stage.Stop);
    await Publish(7);
    stage.Check(
        heard.Order().SequenceEqual(["mail 7", "stock 7"]),
        $"both received order 7, one of them at the second attempt: {string.Join(", ", heard)}");

    await dtm.UnsubscribeAsync("paid", $"{shop}/mail", stage.Stop);
    await Publish(8);
    stage.Check(
        heard.Contains("stock 8") && !heard.Contains("mail 8"), "only the remaining subscriber received order 8");

    async Task Publish(int order)
    {
        var result = await dtm.Msg().Topic("paid", new Paid(order)).SubmitAndWaitAsync(
            TimeSpan.FromSeconds(30), stage.Stop);
        stage.Check(result.Succeeded, $"order {order} was published");
    }
});

internal sealed record Paid(int Order);
