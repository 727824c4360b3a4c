using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Samples.Outbox;

/// <summary>Three orders: without a crash, with a crash after the commit, and with one before it.</summary>
internal static class Story
{
    public static async Task Tell(Stage stage)
    {
        var file = Path.Combine(stage.Directory, "shop.db");
        await using var connection = Shop.Connect(file);
        await connection.OpenAsync(stage.Stop);
        await using var create = connection.CreateCommand();
        create.CommandText = "create table orders (id text primary key)";
        await create.ExecuteNonQueryAsync(stage.Stop);
        await BarrierSchema.CreateAsync(connection, cancellationToken: stage.Stop);

        var told = new ConcurrentBag<string>();
        var service = await stage.Service(
            services => services.AddBranches(_ => Shop.Connect(file)),
            app =>
            {
                app.MapQueryPrepared("/was-it-ordered");
                app.MapBranch("/stock", (Ordered ordered) => told.Add(ordered.Order));
            });

        foreach (var (crash, exit, ordered) in ((string, int, bool)[])[
            ("no", 0, true),
            ("after-commit", Shop.Died, true),
            ("before-commit", Shop.Died, false),
        ])
        {
            var order = $"order-crash-{crash}";
            Console.WriteLine($"\n  An order; crash: {crash}");
            stage.Check(await PlaceOrder(crash, order) == exit, $"the shop ended with exit code {exit}");
            var end = await stage.Dtm().WaitForEndAsync(order, TimeSpan.FromSeconds(30), stage.Stop);
            stage.Check(await IsStored(order) == ordered, $"the order is {(ordered ? "" : "not ")}stored");
            stage.Check(
                told.Count(o => o == order) == (ordered ? 1 : 0),
                $"the stock {(ordered ? "received" : "did not receive")} the message: {end.Status}");
        }

        async Task<int> PlaceOrder(string crash, string order)
        {
            using var shop = Process.Start(new ProcessStartInfo(
                "dotnet",
                [
                    Path.Combine(AppContext.BaseDirectory, "Outbox.dll"),
                    crash,
                    stage.Coordinator.ToString(),
                    service,
                    file,
                    order,
                ]))!;
            await shop.WaitForExitAsync(stage.Stop);
            return shop.ExitCode;
        }

        async Task<bool> IsStored(string order)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "select count(*) from orders where id = @id";
            command.Parameters.AddWithValue("@id", order);
            return await command.ExecuteScalarAsync(stage.Stop) is 1L;
        }
    }
}
