using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Samples;

// A trip: flight, hotel and car are reserved, then their prices are paid. The payment needs the prices that the others
// answered, and each cancellation the id of its reservation. The coordinator passes both on. `trip.sh` does the same
// with curl.
return await Stage.Run("Trip", async stage =>
{
    var reservations = new ConcurrentDictionary<string, string>(); // id -> "booked" or "cancelled"
    var payments = new ConcurrentDictionary<string, decimal>();
    var agency = await stage.Service(static services => services.AddBranches(), app =>
    {
        (string Kind, decimal Price)[] offers = [("flight", 320.50m), ("hotel", 199m), ("car", 75m)];
        foreach (var (kind, price) in offers)
        {
            // The same call again answers the same reservation: the id is derived from the transaction's.
            app.MapBranch($"/{kind}/book", (Traveller _, BranchContext call) =>
            {
                var id = $"{kind}-{call.Gid[^6..]}";
                reservations.TryAdd(id, "booked");
                return new Reservation(id, price);
            });

            // The id is null if the reservation was refused, or its answer was lost: cancel by the gid then.
            app.MapBranch($"/{kind}/cancel", (Cancellation cancel, BranchContext call) =>
            {
                reservations[cancel.Id ?? $"{kind}-{call.Gid[^6..]}"] = "cancelled";
            });
        }

        app.MapBranch("/pay", (Payment payment) =>
        {
            var total = payment.Flight + payment.Hotel + payment.Car;
            if (total > payment.Limit)
            {
                throw new BranchFailureException($"{total} is above the limit of {payment.Limit}");
            }

            payments[payment.Card] = total;
            return new Receipt($"receipt-{payments.Count}", total);
        });
        app.MapBranch("/refund", (Payment payment) => { payments.TryRemove(payment.Card, out _); });
    });

    var (result, receipt) = await Book("card-1", limit: 1000);
    stage.Check(result.Succeeded, $"the trip is booked: {string.Join(", ", reservations.Keys.Order())}");
    stage.Check(payments["card-1"] == 594.50m, $"paid what the three answered: {payments["card-1"]}");
    stage.Check(receipt!.Total == 594.50m, $"the submitter has the {receipt.Id} over {receipt.Total}");

    reservations.Clear();
    var (refused, _) = await Book("card-2", limit: 500);
    stage.Check(!refused.Succeeded, $"a trip that is too expensive is rolled back: {refused.RollbackReason}");
    stage.Check(
        reservations.Count == 3 && reservations.Values.All(static state => state == "cancelled"),
        $"each reservation was cancelled by its id: {string.Join(", ", reservations.Keys.Order())}");
    stage.Check(!payments.ContainsKey("card-2"), "nothing was paid");

    if (Curl() is { } curl)
    {
        stage.Check(
            curl.Contains("receipt-2", StringComparison.Ordinal) && payments["card-3"] == 594.50m,
            $"trip.sh does the same with curl: {curl.Trim()}");
    }

    // Null where there is no bash or curl.
    string? Curl()
    {
        var script = Path.Combine(AppContext.BaseDirectory, "trip.sh");
        var start = new ProcessStartInfo("bash", [script, $"{stage.Coordinator}".TrimEnd('/'), agency])
        {
            RedirectStandardOutput = true,
        };
        try
        {
            using var shell = Process.Start(start)!;
            var output = shell.StandardOutput.ReadToEnd();
            shell.WaitForExit();
            return shell.ExitCode == 127 ? null : output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    async Task<(TransactionResult Result, Receipt? Receipt)> Book(string card, decimal limit)
    {
        var result = await stage.Dtm().Saga()
            .Step($"{agency}/flight/book", $"{agency}/flight/cancel", new Traveller("Ada"))
            .Returns<Reservation>(out var flight).CompensateWithResultOf(flight, r => r.Id)
            .Step($"{agency}/hotel/book", $"{agency}/hotel/cancel", new Traveller("Ada"))
            .Returns<Reservation>(out var hotel).CompensateWithResultOf(hotel, r => r.Id)
            .Step($"{agency}/car/book", $"{agency}/car/cancel", new Traveller("Ada"))
            .Returns<Reservation>(out var car).CompensateWithResultOf(car, r => r.Id)
            .Step($"{agency}/pay", $"{agency}/refund", new { card, limit }).Returns<Receipt>(out var receipt)
            .WithResultOf(flight, r => r.Price, "flight")
            .WithResultOf(hotel, r => r.Price, "hotel")
            .WithResultOf(car, r => r.Price, "car")
            .SubmitAndWaitAsync(TimeSpan.FromMinutes(1), stage.Stop);
        return (result, result.Succeeded ? receipt.In(result) : null);
    }
});

internal sealed record Traveller(string Name);

internal sealed record Reservation(string Id, decimal Price);

internal sealed record Cancellation(string? Id);

internal sealed record Payment(string Card, decimal Limit, decimal Flight, decimal Hotel, decimal Car);

internal sealed record Receipt(string Id, decimal Total);
