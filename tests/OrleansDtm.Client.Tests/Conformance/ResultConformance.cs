using System.Text;
using System.Text.Json.Serialization;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>Results of steps: typed, in payloads of later steps and compensations, and after the end.</summary>
public abstract class ResultConformance(RunningCoordinator coordinator) : Conformance(coordinator)
{
    private static readonly Reply Booked = new(
        200, """{"id":"r-7","price":12.50,"Seat_Row":3,"legs":[{"to":"OSL"},{"to":"BGO"}]}""");

    [Fact]
    public async Task A_step_uses_parts_of_an_earlier_answer_and_the_submitter_reads_all()
    {
        Bank.On("/book", Booked);
        Bank.On("/pay", new Reply(200, """{"receipt":"q-1"}"""));
        var leg = 1;
        var saga = Dtm.Saga()
            .Step(Url("book"), "").Returns<Reservation>(out var flight)
            .Step(Url("pay"), "", new { order = 7 }).Returns<Receipt>(out var receipt)
            .WithResultOf(flight, r => r.Price)
            .WithResultOf(flight, r => r.Legs[leg].To, "destination")
            .WithResultOf(flight, r => r.Row);

        var result = await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal(
            """{"order":7,"price":12.50,"destination":"BGO","Seat_Row":3}""", Bank.On("/pay").Single().Body);
        Assert.Equal(("r-7", 12.50m), (flight.In(result)!.Id, flight.In(result)!.Price));
        Assert.Equal("q-1", receipt.In(result)!.Id);
        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;
        Assert.Equal("q-1", receipt.In(info)!.Id);
        Assert.Equal("""{"receipt":"q-1"}""", Encoding.UTF8.GetString(info.Branches[3].Result!.Body.Span));
        Assert.Equal(["01", "02"], result.Results.Select(static r => r.BranchId));
    }

    [Fact]
    public async Task A_compensation_uses_the_answer_of_its_own_action()
    {
        Bank.On("/book", Booked);
        Bank.On("/pay", Reply.Refusal);
        var saga = Dtm.Saga()
            .Step(Url("book"), Url("cancel"), new { seats = 1 }).Returns<Reservation>(out var flight)
            .CompensateWithResultOf(flight, r => r.Id)
            .Step(Url("pay"), Url("refund"), new { order = 7 }).Returns<Receipt>(out var receipt)
            .CompensateWith(new { reason = "rollback" })
            .CompensateWithResultOf(receipt, r => r.Id);

        Assert.Equal(GlobalStatus.Failed, (await saga.SubmitAndWaitAsync(Poll.Patience, Cancel)).Status);

        Assert.Equal("""{"seats":1}""", Bank.On("/book").Single().Body);
        Assert.Equal("""{"seats":1,"id":"r-7"}""", Bank.On("/cancel").Single().Body);
        Assert.Equal("""{"reason":"rollback","receipt":null}""", Bank.On("/refund").Single().Body);
        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;
        Assert.Contains(
            "02", Assert.Throws<InvalidOperationException>(() => receipt.In(info)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_keeps_results_too()
    {
        Bank.On("/book", Booked);
        var msg = Dtm.Msg().Step(Url("book")).Returns<Reservation>(out var flight)
            .Step(Url("tell")).WithResultOf(flight, r => r.Id, "reservation");
        await msg.PrepareAsync(Url("ask"), Cancel);
        var result = await msg.SubmitAndWaitAsync(Poll.Patience, Cancel);
        Assert.True(result.Succeeded);
        Assert.Equal("""{"reservation":"r-7"}""", Bank.On("/tell").Single().Body);
        Assert.Equal("r-7", flight.In(result)!.Id);
    }

    [Fact]
    public async Task Results_are_kept_when_the_options_say_so()
    {
        Bank.On("/book", Booked);
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true, Results = true }).Step(Url("book"), "");
        Assert.Equal("01", Assert.Single((await saga.SubmitAsync(Cancel)).Results).BranchId);
        var other = Dtm.Saga(new SagaOptions { WaitResult = true }).Step(Url("book"), "");
        Assert.Empty((await other.SubmitAsync(Cancel)).Results);
    }

    [Fact]
    public void What_is_no_part_or_no_object_is_refused_at_once()
    {
        var saga = Dtm.Saga();
        Assert.Throws<InvalidOperationException>(() => saga.Returns<Reservation>(out _));
        saga.Step(Url("book"), "").Returns<Reservation>(out var flight).Step(Url("pay"), "", 30);
        Assert.Throws<InvalidOperationException>(() => saga.WithResultOf(flight, r => r.Price));
        saga.Step(Url("pay"), "", new { price = 1 });
        Assert.Throws<ArgumentException>(() => saga.WithResultOf(flight, r => r.Price));
        Assert.Throws<ArgumentException>(() => saga.WithResultOf(flight, r => r.Price * 2));
        Assert.Throws<ArgumentException>(() => saga.WithResultOf(flight, r => r));
        Assert.Throws<ArgumentException>(() => saga.WithResultOf(flight, r => r.Legs.Count));
        Assert.Throws<ArgumentException>(() => saga.WithResultOf(flight, r => r.Id.Length));
        Assert.Throws<ArgumentException>(
            () => Dtm.Saga().Step(Url("pay"), "").WithResultOf(flight, r => r.Id)); // A step of another saga.
        Assert.Throws<InvalidOperationException>(() => Dtm.Msg().Topic("t", 1).Returns<Reservation>(out _));
    }

    [Fact]
    public async Task A_compensation_gets_what_is_added_to_its_step_later()
    {
        Bank.On("/book", Booked);
        Bank.On("/pay", Reply.Refusal);
        var saga = Dtm.Saga()
            .Step(Url("book"), Url("cancel")).Returns<Reservation>(out var flight)
            .Step(Url("pay"), Url("refund")).CompensateWithResultOf(flight, r => r.Price)
            .WithResultOf(flight, r => r.Upgrade!.Value, "upgrade").WithResultOf(flight, r => r.Id);
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);
        Assert.Empty(Bank.On("/pay")); // The answer has no upgrade.
        Assert.Equal("/upgrade", Path((await Dtm.QueryAsync(saga.Gid, Cancel))!));

        static string Path(TransactionInfo info) => info.RollbackReason.Split(' ')[^2];
    }

    [Fact]
    public async Task A_reference_to_a_step_that_is_not_before_is_refused_by_the_coordinator()
    {
        var saga = Dtm.Saga(new SagaOptions { Concurrent = true })
            .Step(Url("book"), "").Returns<Reservation>(out var flight)
            .Step(Url("pay"), "").WithResultOf(flight, r => r.Id);
        var refused = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => saga.SubmitAsync(Cancel));
        Assert.Contains("not sure to succeed before it", refused.Message, StringComparison.Ordinal);
        saga.Order(1, 0);
        await saga.SubmitAsync(Cancel);
    }

    private sealed record Reservation(
        string Id, decimal Price, [property: JsonPropertyName("Seat_Row")] int Row, IReadOnlyList<Leg> Legs,
        int? Upgrade = null);

    private sealed record Leg(string To);

    private sealed record Receipt([property: JsonPropertyName("receipt")] string Id);
}
