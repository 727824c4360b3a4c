using Microsoft.Data.Sqlite;
using OrleansDtm.Client;

namespace OrleansDtm.Samples.Outbox;

/// <summary>The payload of the message.</summary>
internal sealed record Ordered(string Order);

/// <summary>The shop: a separate process that may crash at any moment.</summary>
internal static class Shop
{
    public const int Died = 137;

    public static SqliteConnection Connect(string file) => new($"Data Source={file};Pooling=False");

    /// <summary>
    /// Stores an order and sends a message to the stock. The gid is the order's number, so that the message can be
    /// found again.
    /// </summary>
    /// <param name="crash">When to crash: no, before-commit or after-commit.</param>
    /// <param name="coordinator">URL of the coordinator.</param>
    /// <param name="service">URL of the shop's service, which answers query_prepared.</param>
    /// <param name="file">The shop's database.</param>
    /// <param name="order">Its number.</param>
    public static async Task<int> PlaceOrder(string crash, Uri coordinator, string service, string file, string order)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDtmClient(options => options.Server = coordinator);
        if (crash == "after-commit")
        {
            services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(() => new DiesBeforeSubmit());
        }

        await using var provider = services.BuildServiceProvider();
        var msg = provider.GetRequiredService<IDtm>()
            .Msg(new MsgOptions { Gid = order, TimeoutToFail = TimeSpan.FromSeconds(1) })
            .Step($"{service}/stock", new Ordered(order));
        await using var connection = Connect(file);

        await msg.DoAndSubmitAsync($"{service}/was-it-ordered", connection, async local =>
        {
            await using var insert = connection.CreateCommand();
            insert.Transaction = (SqliteTransaction)local;
            insert.CommandText = "insert into orders (id) values (@id)";
            insert.Parameters.AddWithValue("@id", order);
            await insert.ExecuteNonQueryAsync();
            if (crash == "before-commit")
            {
                Environment.Exit(Died);
            }
        });
        return 0;
    }

    /// <summary>Ends the process before the submit.</summary>
    private sealed class DiesBeforeSubmit : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.EndsWith("/submit", StringComparison.Ordinal))
            {
                Environment.Exit(Died);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
