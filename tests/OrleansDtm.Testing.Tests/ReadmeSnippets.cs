using OrleansDtm.Branches;
using OrleansDtm.Client;
using Xunit;

namespace OrleansDtm.Testing.Tests;

/// <summary>
/// The C# of the package's README, between the marks. It runs, and ReadmeTests compares it character by character.
/// </summary>
public sealed class ReadmeSnippets
{
    [Fact]
    public async Task The_first_example_runs()
    {
        HttpMessageHandler hotel = new Service();

        // <first>
        await using var dtm = await DtmTestHost.StartAsync(options => options.Branches["http://hotel"] = hotel);
        dtm.Branch("http://hotel/pay").FailsTimes(12);

        var saga = dtm.Client.Saga()
            .Step("http://hotel/book", "http://hotel/book-undo", new { nights = 2 })
            .Step("http://hotel/pay", "http://hotel/pay-undo", new { nights = 2 });
        await saga.SubmitAsync();

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded(); // More than an hour of backoff, in milliseconds.
        // </first>
        Assert.True(dtm.Clock.Elapsed > TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task The_scripts_run()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;

        // <scripts>
        dtm.Branch("http://hotel/book").FailsTimes(3).TimesOut().LosesAnswer(); // One entry for each call, in order.
        dtm.Branch("http://hotel/book", gid: "trip").AnswersOngoing(2);         // Only this transaction.
        dtm.Branch("http://hotel/pay").Refuses("no money");                     // The saga is rolled back.
        dtm.Branch("http://hotel/book-undo").ArrivesLate(TimeSpan.FromHours(1)); // After the coordinator gave up.
        dtm.Branch("http://hotel/*").DeliversTwice();
        // </scripts>
        await Service.Saga(dtm).SubmitAsync(TestContext.Current.CancellationToken);
        await Service.Saga(dtm, new SagaOptions { Gid = "trip" }).SubmitAsync(TestContext.Current.CancellationToken);
        await dtm.Saga("trip").ShouldHaveCompensated("01", "02");
    }

    [Fact]
    public async Task The_clock_runs()
    {
        var hotel = new Service();

        // <clock>
        await using var dtm = await DtmTestHost.StartAsync(options =>
        {
            options.Branches["http://hotel"] = hotel;
            options.AutoAdvance = false;
        });
        var msg = dtm.Client.Msg(new MsgOptions { Delay = TimeSpan.FromHours(3) }).Step("http://hotel/remind", "Ada");
        await msg.SubmitAsync();

        await dtm.Clock.Advance(TimeSpan.FromHours(2)); // Everything that becomes due happens at its own time.
        await dtm.Msg(msg.Gid).ShouldBeWaiting();
        await dtm.Clock.Advance(TimeSpan.FromHours(1));
        await dtm.Msg(msg.Gid).ShouldHaveSucceeded();
        // </clock>
    }

    [Fact]
    public async Task The_grains_and_workflows_run()
    {
        var hotel = new Service();

        // <silo>
        await using var dtm = await DtmTestHost.StartAsync(options =>
        {
            options.Branches["http://hotel"] = hotel;
            options.ConfigureSilo = silo => silo.AddBranchGrain<IRoomGrain>(); // grain://RoomGrain/7/Book
            options.ConfigureClient = services => services.AddWorkflow<string>("journey", async (workflow, city) =>
            {
                using var booked = await workflow.Http.PostAsync($"http://hotel/{city}", null);
            });
        });
        dtm.Branch("grain://RoomGrain/7/Book").FailsTimes(3);
        WorkflowResult journey = await dtm.Client.WorkflowAsync("journey", "oslo");
        await dtm.Workflow(journey.Gid).ShouldHaveSucceeded();
        // </silo>
        Assert.Equal(["/oslo"], hotel.Calls);
    }
}
