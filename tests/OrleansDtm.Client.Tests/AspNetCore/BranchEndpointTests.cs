using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>Branches as endpoints: identity, barrier and responses.</summary>
public sealed class BranchEndpointTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private Ledger _ledger = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_participant_of_five_lines_takes_part_in_a_saga()
    {
        await using var app = await BranchApp.Start(_ledger, MapBank);
        await using var client = coordinator.Client();
        var dtm = client.Dtm();

        Assert.True((await Transfer("A", "B", 30)).Succeeded);
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));

        var refused = await Transfer("A", "nobody", 30);
        Assert.Equal(GlobalStatus.Failed, refused.Status);
        Assert.Contains("no account nobody", refused.RollbackReason, StringComparison.Ordinal);
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));

        Task<TransactionResult> Transfer(string from, string to, long amount) => dtm.Saga()
            .Step(app.Url + "/out", app.Url + "/out-undo", new Move(from, amount))
            .Step(app.Url + "/in", app.Url + "/in-undo", new Move(to, amount))
            .SubmitAndWaitAsync(Poll.Patience, Cancel);
    }

    [Fact]
    public async Task Behind_the_barrier_a_call_takes_effect_once_and_a_late_or_lone_one_not_at_all()
    {
        await using var app = await BranchApp.Start(_ledger, MapBank);
        var move = new Move("A", 30);

        AssertSuccess(await app.Call("/out", "g1", "action", move));
        AssertSuccess(await app.Call("/out", "g1", "action", move));
        Assert.Equal(70, await _ledger.Balance("A"));

        AssertSuccess(await app.Call("/out-undo", "g2", "compensate", move));
        AssertSuccess(await app.Call("/out", "g2", "action", move));
        Assert.Equal(70, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task A_refusal_is_409_with_its_reason_and_leaves_no_trace_that_a_repetition_could_meet()
    {
        var generous = false;
        await using var app = await BranchApp.Start(
            _ledger,
            routes => routes.MapBranch("/out", async (Move move, LocalTransaction db) =>
            {
                await db.ExecuteAsync(
                    $"update account set balance = balance - {move.Amount} where name = {move.Account}");
                return generous ? move.Amount : throw new BranchFailureException("the ONGOING audit says no");
            }));

        var (status, body) = await app.Call("/out", "g", "action", new Move("A", 30));

        // The coordinator also searches the body for these words, ONGOING first, so the message must not contain them.
        Assert.Equal(
            (409, "FAILURE", "the ongoing audit says no"),
            (status, (string?)body!["dtm_result"], (string?)body["message"]));
        Assert.Equal(100, await _ledger.Balance("A"));

        generous = true;
        Assert.Equal(
            (200, 30),
            ((await app.Call("/out", "g", "action", new Move("A", 30))) is var (s, b) ? (s, (int)b!) : default));
        Assert.Equal(70, await _ledger.Balance("A"));
    }

    [Theory]
    [InlineData("failure", 409, "FAILURE")]
    [InlineData("ongoing", 425, "ONGOING")]
    [InlineData("conflict", 409, null)]
    [InlineData("typed-conflict", 409, null)]
    [InlineData("not-found", 404, null)]
    [InlineData("error", 500, null)]
    [InlineData("throws-ongoing", 425, "ONGOING")]
    [InlineData("forbid", 500, null)]
    [InlineData("challenge", 500, null)]
    [InlineData("redirect", 404, null)]
    [InlineData("unknown", 500, null)]
    [InlineData("sets-409", 409, "FAILURE")]
    [InlineData("sets-425", 425, "ONGOING")]
    [InlineData("sets-503", 503, null)]
    [InlineData("sets-409-and-returns", 409, null)]
    [InlineData("sets-409-and-text", 409, null)]
    public async Task Whatever_is_no_success_is_rolled_back(string answer, int status, string? word)
    {
        await using var app = await BranchApp.Start(_ledger, routes =>
            routes.MapBranch("/out", async Task<object?> (Move move, LocalTransaction db, HttpResponse response) =>
            {
                await db.ExecuteAsync(
                    $"update account set balance = balance - {move.Amount} where name = {move.Account}");
                return answer switch
                {
                    "failure" => BranchOutcome.Failure,
                    "ongoing" => BranchOutcome.Ongoing,
                    "conflict" => Results.Conflict(),
                    "typed-conflict" => (Microsoft.AspNetCore.Http.HttpResults.Results<
                        Microsoft.AspNetCore.Http.HttpResults.Ok,
                        Microsoft.AspNetCore.Http.HttpResults.Conflict>)TypedResults.Conflict(),
                    "not-found" => Results.NotFound(),
                    // Without registered authentication the first two throw; the third redirects.
                    "forbid" => Results.Forbid(),
                    "challenge" => Results.Challenge(),
                    "redirect" => Results.Redirect("/nowhere"),
                    "unknown" => new Teapot(),
                    "sets-409-and-returns" => Set(409, new Move("A", 0)),
                    "sets-409-and-text" => Set(409, Results.Text("\"no\"")),
                    _ when answer.StartsWith("sets-", StringComparison.Ordinal) => Set(
                        int.Parse(answer.AsSpan(5), CultureInfo.InvariantCulture), null),
                    "throws-ongoing" => throw new BranchOngoingException("later"),
                    _ => throw new DivideByZeroException(),
                };

                object? Set(int status, object? returned)
                {
                    response.StatusCode = status;
                    return returned;
                }
            }));

        var (actual, body) = await app.Call("/out", "g", "action", new Move("A", 30));

        Assert.Equal((status, word), (actual, (string?)(body as JsonObject)?["dtm_result"]));
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task What_a_group_says_about_the_barrier_counts_for_handlers_that_need_one()
    {
        await using var other = await Ledger.Create();
        await using var app = await BranchApp.Start(
            _ledger,
            routes => routes.MapGroup("/other").WithBarrier(_ => other.Connect())
                .MapBranch("/out", (Move m, LocalTransaction db) => Change(db, m.Account, -m.Amount)));

        AssertSuccess(await app.Call("/other/out", "g", "action", new Move("A", 30)));

        Assert.Equal((100, 70), (await _ledger.Balance("A"), await other.Balance("A")));
    }

    [Fact]
    public async Task Of_a_name_said_twice_the_coordinators_counts_which_comes_last()
    {
        await using var app = await BranchApp.Start(
            _ledger, routes => routes.MapBranch("/undo", (LocalTransaction db) => Change(db, "A", 30)));

        // The action never took effect, so the compensation must do nothing.
        using var answer = await app.Get(
            "/undo?op=add&gid=mine&branch_id=7&gid=g&trans_type=saga&branch_id=01&op=compensate");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task A_branch_without_a_barrier_gets_its_identity_and_needs_no_payload()
    {
        BranchContext? seen = null;
        await using var app = await BranchApp.Start(
            _ledger, routes => routes.MapBranch("/ping", (BranchContext context) => { seen = context; }));

        AssertSuccess(await app.Call("/ping", "g", "confirm", type: "tcc", branch: "0201"));

        Assert.Equal(new BranchContext("tcc", "g", "0201", "confirm"), seen);
    }

    [Fact]
    public async Task What_does_not_come_from_a_coordinator_is_turned_away()
    {
        var ran = false;
        await using var app = await BranchApp.Start(_ledger, routes => routes.MapBranch("/out", () => { ran = true; }));

        using var answer = await app.Get("/out?gid=g&op=action");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain("FAILURE", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.False(ran);
    }

    [Fact]
    public async Task A_barrier_may_be_asked_for_without_the_local_transaction_and_in_another_database()
    {
        await using var other = await Ledger.Create();
        var runs = 0;
        await using var app = await BranchApp.Start(_ledger, routes =>
            routes.MapBranch("/once", () => { runs++; }).WithBarrier(_ => other.Connect()));

        AssertSuccess(await app.Call("/once", "g", "action"));
        AssertSuccess(await app.Call("/once", "g", "action"));

        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task A_handler_may_run_barriers_of_its_own()
    {
        var runs = new List<int>();
        await using var app = await BranchApp.Start(
            _ledger,
            routes => routes.MapBranch("/two", async (BranchBarrier barrier) =>
            {
                await using var connection = _ledger.Connect();
                await barrier.CallAsync(connection, _ => Run(1), Cancel);
                await barrier.CallAsync(connection, _ => Run(2), Cancel);
            }));

        AssertSuccess(await app.Call("/two", "g", "action"));
        AssertSuccess(await app.Call("/two", "g", "action"));

        Assert.Equal([1, 2], runs);

        Task Run(int which)
        {
            runs.Add(which);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Values_in_a_statement_are_parameters_whatever_they_say()
    {
        await using var app = await BranchApp.Start(
            _ledger,
            routes => routes.MapBranch("/read", async (Move move, LocalTransaction db) =>
                new
                {
                    Balance = await db.ScalarAsync<long?>($"select balance from account where name = {move.Account}"),
                }));

        Assert.Equal(100, (long?)(await app.Call("/read", "g1", "action", new Move("A", 0))).Body!["balance"]);
        Assert.Null((await app.Call("/read", "g2", "action", new Move("' or name = 'A", 0))).Body!["balance"]);
    }

    [Fact]
    public async Task Headers_of_the_request_are_handed_on_to_the_transactions_it_starts()
    {
        await using var branch = await Participant.Start();
        await using var app = await BranchApp.Start(
            _ledger,
            routes => routes.MapGet("/start", async (IDtm dtm, CancellationToken cancel) =>
                (await dtm.Saga().Step(branch.Url + "/out", "").SubmitAndWaitAsync(Poll.Patience, cancel)).Succeeded),
            builder => builder.Services
                .AddDtmClient(o => o.Server = coordinator.Url)
                .AddBranches(configure: o => o.PassedHeaders.Add("X-User")));
        using var http = new HttpClient { DefaultRequestHeaders = { { "X-User", "u1" }, { "X-Other", "no" } } };

        Assert.Equal("true", await http.GetStringAsync(new Uri(app.Url + "/start"), Cancel));

        var call = Assert.Single(branch.Calls);
        Assert.Equal("u1", call.Headers["x-user"]);
        Assert.DoesNotContain("X-Other", call.Headers.Keys);
    }

    [Fact]
    public async Task Without_AddBranches_the_application_does_not_start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var app = builder.Build();
        Assert.Contains(
            "AddBranches",
            Assert.Throws<InvalidOperationException>(() => app.MapBranch("/out", () => { })).Message,
            StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync() => _ledger = await Ledger.Create();

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    internal static void MapBank(WebApplication app)
    {
        app.MapBranch("/out", (Move m, LocalTransaction db) => Change(db, m.Account, -m.Amount));
        app.MapBranch("/out-undo", (Move m, LocalTransaction db) => Change(db, m.Account, m.Amount));
        app.MapBranch("/in", (Move m, LocalTransaction db) => Change(db, m.Account, m.Amount));
        app.MapBranch("/in-undo", (Move m, LocalTransaction db) => Change(db, m.Account, -m.Amount));
    }

    private static async Task Change(LocalTransaction db, string account, long amount)
    {
        if (await db.ExecuteAsync($"update account set balance = balance + {amount} where name = {account}") == 0)
        {
            throw new BranchFailureException($"there is no account {account}");
        }
    }

    private static void AssertSuccess((int Status, JsonNode? Body) answer) =>
        Assert.Equal((200, "SUCCESS"), (answer.Status, (string?)answer.Body?["dtm_result"]));

    /// <summary>A result that does not expose its status code.</summary>
    private sealed class Teapot : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status418ImATeapot;
            return Task.CompletedTask;
        }
    }

    internal sealed record Move(string Account, long Amount);
}
