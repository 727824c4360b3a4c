using OrleansDtm.Client;

namespace OrleansDtm.Samples.Workflow;

/// <summary>The input.</summary>
internal sealed record Journey(string Traveller);

/// <summary>The result.</summary>
internal sealed record Booking(string Seat, string Room, string Number);

/// <summary>A seat or a room.</summary>
internal sealed record Place(string Name);

/// <summary>The travel agency. Each instance of it registers the same workflow.</summary>
internal static class Agency
{
    public const string Journeys = "journey";
    public const int Died = 137;

    /// <param name="services">The service collection.</param>
    /// <param name="partners">URL of airline and hotel.</param>
    /// <param name="beforeRoom">Runs when the seat is booked and the room is not.</param>
    public static void AddJourneys(this IServiceCollection services, string partners, Action beforeRoom) =>
        services.AddWorkflow<Journey, Booking>(Journeys, async (workflow, journey) =>
        {
            // Each branch: its compensation, then the call. A recorded call is not repeated when the code runs again.
            var airline = workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{partners}/seat/cancel", journey)).Http;
            var seat = await (await airline.PostAsJsonAsync($"{partners}/seat/book", journey)).Content
                .ReadFromJsonAsync<Place>();

            beforeRoom();

            var hotel = workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{partners}/room/cancel", journey)).Http;
            var room = await (await hotel.PostAsJsonAsync($"{partners}/room/book", journey)).Content
                .ReadFromJsonAsync<Place>();

            // Code whose result differs each time must be a step too.
            var number = await workflow.DoAsync(_ => Task.FromResult(Guid.NewGuid().ToString("N")));
            return new Booking(seat!.Name, room!.Name, number);
        });

    /// <summary>An instance that crashes when the seat is booked.</summary>
    /// <param name="coordinator">URL of the coordinator.</param>
    /// <param name="partners">URL of airline and hotel.</param>
    /// <param name="agency">Callback URL of the other instances.</param>
    /// <param name="gid">Gid of the workflow.</param>
    /// <param name="traveller">Name of the traveller.</param>
    public static async Task<int> BookAndDie(
        Uri coordinator, string partners, string agency, string gid, string traveller)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDtmClient(options => (options.Server, options.WorkflowCallback) = (coordinator, agency));
        services.AddJourneys(partners, () => Environment.Exit(Died));
        await using var provider = services.BuildServiceProvider();

        // How long the coordinator waits before it resumes the workflow in another instance. Long enough for this one,
        // or both would book.
        var options = new TransOptions { Gid = gid, RetryInterval = TimeSpan.FromSeconds(4) };
        await provider.GetRequiredService<IDtm>().WorkflowAsync(Journeys, new Journey(traveller), options);
        return 0;
    }
}
