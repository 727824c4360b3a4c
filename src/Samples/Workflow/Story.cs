using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Samples.Workflow;

internal static class Story
{
    public static async Task Tell(Stage stage)
    {
        var calls = new ConcurrentQueue<string>();
        var partners = await stage.Service(
            services => services.AddBranches(),
            app =>
            {
                Place Book(string what, Journey journey)
                {
                    calls.Enqueue($"{journey.Traveller} {what}");
                    return what == "room" && journey.Traveller == "Bob"
                        ? throw new BranchFailureException("the hotel is full")
                        : new Place($"{what} of {journey.Traveller}");
                }

                app.MapBranch("/seat/book", (Journey journey) => Book("seat", journey));
                app.MapBranch("/room/book", (Journey journey) => Book("room", journey));
                app.MapBranch(
                    "/seat/cancel", (Journey journey) => calls.Enqueue($"{journey.Traveller} seat cancelled"));
                app.MapBranch(
                    "/room/cancel", (Journey journey) => calls.Enqueue($"{journey.Traveller} room cancelled"));
            });
        DtmOptions? options = null;
        var agency = await stage.Service(
            services => services.AddJourneys(partners, static () => { }),
            app =>
            {
                app.MapWorkflows("/workflows");
                options = app.Services.GetRequiredService<IOptions<DtmOptions>>().Value;
            });
        options!.WorkflowCallback = $"{agency}/workflows"; // Known only now: the port is a free one.
        var dtm = stage.Dtm();

        var done = await dtm.WorkflowAsync(Agency.Journeys, new Journey("Ann"), cancellationToken: stage.Stop);
        stage.Check(done.Succeeded, $"Ann has {done.Read<Booking>()?.Seat} and {done.Read<Booking>()?.Room}");
        Expect("Ann", "seat, room");

        var undone = await dtm.WorkflowAsync(Agency.Journeys, new Journey("Bob"), cancellationToken: stage.Stop);
        stage.Check(!undone.Succeeded, $"Bob stays at home: {undone.RollbackReason}");
        Expect("Bob", "seat, room, seat cancelled");

        var gid = await dtm.NewGidAsync(stage.Stop);
        using var instance = Process.Start(new ProcessStartInfo(
            "dotnet", [
                Path.Combine(AppContext.BaseDirectory, "Workflow.dll"),
                stage.Coordinator.ToString(),
                partners,
                options.WorkflowCallback,
                gid,
                "Cleo",
            ]))!;
        await instance.WaitForExitAsync(stage.Stop);
        stage.Check(instance.ExitCode == Agency.Died, "the instance that booked Cleo's seat has crashed");
        var end = await dtm.WaitForEndAsync(gid, TimeSpan.FromSeconds(30), stage.Stop);
        stage.Check(end.Succeeded, "another instance resumed Cleo's journey");
        Expect("Cleo", "seat, room");

        var known = await dtm.WorkflowAsync(
            Agency.Journeys, new Journey("Cleo"), new TransOptions { Gid = gid }, stage.Stop);
        stage.Check(
            known.Read<Booking>()?.Seat == "seat of Cleo", "run again it has the same result, and books nothing");
        Expect("Cleo", "seat, room");

        void Expect(string traveller, string expected)
        {
            var was = string.Join(", ", calls.Where(call => call.StartsWith(traveller, StringComparison.Ordinal))
                .Select(call => call[(traveller.Length + 1)..]));
            stage.Check(was == expected, $"calls to the partners for {traveller}: {was}");
        }
    }
}
