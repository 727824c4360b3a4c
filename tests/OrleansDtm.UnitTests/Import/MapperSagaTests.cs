using OrleansDtm.Core;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.UnitTests.Import;

/// <summary>An imported saga continues from DTM's state.</summary>
public sealed class MapperSagaTests
{
    [Theory]
    [InlineData("submitted", "01 action, 02 action: succeed", "prepared/prepared", "prepared/prepared")]
    [InlineData("submitted", "02 action: succeed", "prepared/succeed", "prepared/prepared")]
    [InlineData("submitted", ": succeed", "prepared/succeed", "prepared/succeed")]
    [InlineData(
        "submitted", "02 compensate, 01 compensate: failed", "prepared/succeed", "prepared/failed",
        "prepared/prepared")]
    [InlineData(
        "aborting", "02 compensate, 01 compensate: failed", "prepared/succeed", "prepared/failed", "prepared/prepared")]
    [InlineData(
        "aborting", "02 compensate, 01 compensate: failed", "prepared/succeed", "prepared/prepared",
        "prepared/prepared")]
    [InlineData("aborting", "01 compensate: failed", "prepared/succeed", "succeed/prepared")]
    [InlineData("aborting", "01 compensate: failed", "prepared/prepared")]
    [InlineData("aborting", ": failed", "succeed/succeed", "succeed/failed")]
    public void Only_what_is_left_is_called(string status, string story, params string[] steps) =>
        Assert.Equal(story, Rows.Story(Rows.Map(Rows.Transaction("saga", status), Rows.Saga(steps))));

    [Theory]
    [InlineData("""{"concurrent":true}""", "01 action, 03 action: succeed")]
    [InlineData("""{"concurrent":true,"orders":{"2":[0,1]}}""", "01 action, 03 action: succeed")]
    [InlineData("""{"concurrent":true,"orders":{"0":[2]}}""", "03 action, 01 action: succeed")]
    public void Concurrent_steps_keep_their_orders(string custom, string story)
    {
        var row = Rows.Transaction("saga", "submitted") with { CustomData = custom };
        Assert.Equal(
            story, Rows.Story(Rows.Map(row, Rows.Saga("prepared/prepared", "prepared/succeed", "prepared/prepared"))));
    }

    [Fact]
    public void Going_back_concurrent_steps_that_may_have_run_are_compensated_and_the_others_are_not()
    {
        var row = Rows.Transaction("saga", "aborting") with
        {
            CustomData = """{"concurrent":true,"orders":{"2":[1]}}""",
        };
        var mapped = Rows.Map(row, Rows.Saga("prepared/prepared", "prepared/failed", "prepared/prepared"));

        Assert.Equal("02 compensate, 01 compensate: failed", Rows.Story(mapped));
    }

    [Fact]
    public void A_timeout_counts_from_its_creation_and_takes_back_what_may_have_run()
    {
        var row = Rows.Transaction("saga", "submitted") with
        {
            Options = """{"timeout_to_fail":15,"concurrent":false}""",
        };
        var late = Rows.Map(row, Rows.Saga("prepared/succeed", "prepared/prepared"));
        Assert.Equal((TransactionStatus.Submitted, Rows.Now), (late.Status, late.WakeAt));
        Assert.Equal("02 compensate, 01 compensate: failed", Rows.Story(late));

        var waiting = Rows.Map(
            row with { Options = """{"timeout_to_fail":60,"concurrent":false}""", NextTry = Rows.Now.AddHours(1) },
            Rows.Saga("prepared/succeed", "prepared/prepared"));
        Assert.Equal(Rows.Now.AddSeconds(40), waiting.WakeAt);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(20, 1)]
    [InlineData(160, 4)]
    public void A_wait_lasts_as_long_as_in_DTM_and_goes_on_doubling(int interval, int failures)
    {
        var row = Rows.Transaction("saga", "submitted") with
        {
            NextTry = Rows.Now.AddMinutes(30),
            NextInterval = interval,
        };
        var mapped = Rows.Map(row, Rows.Saga("prepared/succeed", "prepared/prepared", "prepared/prepared"));

        Assert.Equal(Rows.Now.AddMinutes(30), mapped.WakeAt);
        Assert.Equal((Rows.Now.AddMinutes(30), failures), (mapped.Branches[3].RetryAt, mapped.Branches[3].Failures));
        Assert.Equal([true, true, false], new[] { 1, 3, 5 }.Select(i => mapped.Branches[i].Started));
        Assert.Equal("02 action, 03 action: succeed", Rows.Story(mapped));
    }

    [Fact]
    public void A_compensation_waits_too()
    {
        var row = Rows.Transaction("saga", "aborting") with
        {
            NextTry = Rows.Now.AddMinutes(5),
            RollbackReason = "no money",
        };
        var mapped = Rows.Map(row, Rows.Saga("prepared/succeed", "prepared/failed"));

        Assert.Equal((Rows.Now.AddMinutes(5), "no money"), (mapped.WakeAt, mapped.RollbackReason));
        Assert.Equal("02 compensate, 01 compensate: failed", Rows.Story(mapped));
    }

    [Fact]
    public void A_step_without_a_URL_before_a_waiting_one_does_not_end_the_wait()
    {
        var rows = Rows.Saga("prepared/prepared", "prepared/prepared")
            .Select(b => b.BranchId == "01" ? b with { Url = "" } : b)
            .ToList();
        var mapped = Rows.Map(Rows.Transaction("saga", "submitted") with { NextTry = Rows.Now.AddMinutes(5) }, rows);

        Assert.Equal(Rows.Now.AddMinutes(5), mapped.WakeAt);
        Assert.Equal("02 action: succeed", Rows.Story(mapped));
    }

    [Fact]
    public void What_the_submitter_asked_for_is_kept()
    {
        var row = Rows.Transaction("saga", "submitted") with
        {
            Options = """
                {"wait_result":true,"timeout_to_fail":100,"request_timeout":7,"retry_interval":4,"branch_headers":{"x-b":"2","x-c":"3"},
                "concurrent":false,"retry_limit":5}
                """,
            ExtData = """{"headers":{"x-a":"1","X-B":"passed along"}}""",
            Protocol = "",
        };
        var mapped = Rows.Map(row, Rows.Saga("prepared/prepared"));
        var options = mapped.Definition.Options;

        Assert.Equal((100, 7, 4, 600), (
            options.TimeoutToFail.TotalSeconds,
            options.RequestTimeout.TotalSeconds,
            options.RetryInterval.TotalSeconds,
            options.RetryIntervalMax.TotalSeconds));
        Assert.Equal((true, 5, "http"), (options.WaitResult, options.RetryLimit, mapped.Definition.Protocol));
        Assert.Equal(
            ["X-B=2", "x-a=1", "x-c=3"],
            mapped.Definition.BranchHeaders.Select(h => $"{h.Key}={h.Value}").Order(StringComparer.Ordinal));
        Assert.Equal((Rows.Ago(20), Rows.Ago(10)), (mapped.Definition.Created, mapped.Updated));
        Assert.Equal(
            """{"branch":"01"}""", System.Text.Encoding.UTF8.GetString(mapped.Branches[1].Definition.Payload.Span));
        Assert.Equal(
            ("01", "action", "http://app/action01"),
            (mapped.Branches[1].Definition.Id, mapped.Branches[1].Definition.Op, mapped.Branches[1].Definition.Url));
    }

    [Fact]
    public void Steps_stand_in_the_order_of_their_rows_and_each_compensation_before_its_action()
    {
        var mixed = Rows.Branches(
            "02 action prepared, 01 action succeed, 01 compensate prepared, 02 compensate prepared");
        var mapped = Rows.Map(Rows.Transaction("saga", "submitted"), mixed);

        Assert.Equal(
            ["02 compensate", "02 action", "01 compensate", "01 action"],
            mapped.Branches.Select(b => $"{b.Definition.Id} {b.Definition.Op}"));
    }
}
