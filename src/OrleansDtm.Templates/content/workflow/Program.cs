using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

// A travel agency. --Dtm sets the coordinator's URL, --Url the URL of this service, which the coordinator calls.
var builder = WebApplication.CreateBuilder(args);
var url = builder.Configuration["Url"] ?? "http://localhost:5080";
builder.WebHost.UseUrls(url);
builder.Services.AddDtmClient(dtm =>
{
    dtm.Server = new Uri(builder.Configuration["Dtm"] ?? "http://localhost:36789");
    dtm.WorkflowCallback = url + "/workflows";
});
builder.Services.AddBranches();

// If the process ends in the middle, the coordinator resumes the workflow, here or in another instance. Recorded calls
// are not repeated. Clock, randomness and I/O belong into steps: an analyzer of the SDK warns of them elsewhere.
builder.Services.AddWorkflow<Trip, string>("trip", async (workflow, trip) =>
{
    await workflow.NewBranch()
        .OnRollback(step => step.Http.PostAsJsonAsync($"{url}/hotel/cancel", trip))
        .Http.PostAsJsonAsync($"{url}/hotel/book", trip);
    await workflow.NewBranch()
        .OnRollback(step => step.Http.PostAsJsonAsync($"{url}/flight/cancel", trip))
        .Http.PostAsJsonAsync($"{url}/flight/book", trip);
    return await workflow.DoAsync(step => Task.FromResult(Guid.NewGuid().ToString("N")[..8]));
});
var app = builder.Build();

// Branches, usually of other services. These only log; with data, give them a barrier (see the README of the package).
var log = app.Logger;
app.MapBranch("/hotel/book", (Trip trip) => log.LogInformation("hotel in {City} booked", trip.City));
app.MapBranch("/hotel/cancel", (Trip trip) => log.LogInformation("hotel in {City} cancelled", trip.City));
app.MapBranch("/flight/book", (Trip trip) => trip.City == "Atlantis"
    ? throw new BranchFailureException("no flight to Atlantis")
    : Task.CompletedTask);
app.MapBranch("/flight/cancel", (Trip trip) => log.LogInformation("flight to {City} cancelled", trip.City));
app.MapWorkflows("/workflows");

// curl localhost:5080/trips --json '{"city":"Oslo"}'
app.MapPost("/trips", async (Trip trip, IDtm dtm) =>
{
    var result = await dtm.WorkflowAsync("trip", trip);
    return result.Succeeded ? $"booked as {result.Read<string>()}" : $"not booked: {result.RollbackReason}";
});
app.Run();

internal sealed record Trip(string City);
