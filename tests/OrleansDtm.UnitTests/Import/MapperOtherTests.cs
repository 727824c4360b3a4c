using OrleansDtm.Core;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.UnitTests.Import;

/// <summary>Imported msg, tcc, xa and workflow transactions continue from DTM's state.</summary>
public sealed class MapperOtherTests
{
    private const string TwoTries = "01 cancel prepared, 01 confirm prepared, 02 cancel prepared, 02 confirm prepared";

    [Theory]
    [InlineData("01 action prepared, 02 action prepared", "01 action, 02 action: succeed")]
    [InlineData("01 action succeed, 02 action prepared", "02 action: succeed")]
    [InlineData("01-01 action succeed, 01-02 action prepared, 02 action prepared", "01-02 action, 02 action: succeed")]
    [InlineData("01 action succeed, 02 action succeed", ": succeed")]
    public void Only_what_was_not_sent_is_sent(string branches, string story) =>
        Assert.Equal(story, Rows.Story(Rows.Map(Rows.Transaction("msg", "submitted"), Rows.Branches(branches))));

    [Fact]
    public void A_delayed_msg_keeps_its_moment_even_when_DTM_had_looked_at_it()
    {
        var row = Rows.Transaction("msg", "submitted") with { CustomData = """{"delay":60}""" };
        var mapped = Rows.Map(row, Rows.Branches("01 action prepared"));
        Assert.Equal((Rows.Ago(20).AddSeconds(60), false), (mapped.WakeAt, mapped.Branches[0].Started));
        Assert.Equal("01 action: succeed", Rows.Story(mapped));

        var failing = Rows.Map(
            row with { Created = Rows.Ago(100), NextTry = Rows.Now.AddMinutes(9) },
            Rows.Branches("01 action prepared, 02 action prepared"));
        Assert.Equal(Rows.Now.AddMinutes(9), failing.WakeAt);
        Assert.Equal("01 action, 02 action: succeed", Rows.Story(failing));
    }

    [Fact]
    public void All_actions_of_a_concurrent_msg_wait_side_by_side()
    {
        var row = Rows.Transaction("msg", "submitted") with
        {
            Options = """{"concurrent":true}""",
            NextTry = Rows.Now.AddMinutes(2),
        };
        var mapped = Rows.Map(row, Rows.Branches("01 action prepared, 02 action succeed, 03 action prepared"));

        Assert.Equal([Rows.Now.AddMinutes(2), null, Rows.Now.AddMinutes(2)], mapped.Branches.Select(b => b.RetryAt));
    }

    [Theory]
    [InlineData(20, 0, 15)] // Not timed out yet: query_prepared at the timeout.
    [InlineData(100, 0, 0)]
    [InlineData(100, 50, 50)] // DTM's query_prepared had failed before.
    public void A_prepared_msg_is_asked_about(int age, int nextTry, int due)
    {
        var row = Rows.Transaction("msg", "prepared") with
        {
            Created = Rows.Ago(age),
            NextTry = Rows.Now.AddSeconds(nextTry),
        };
        var mapped = Rows.Map(row, Rows.Branches("01 action prepared"));

        Assert.Equal(Rows.Now.AddSeconds(due), mapped.WakeAt);
        Assert.Equal("00 msg, 01 action: succeed", Rows.Story(mapped));
    }

    [Theory]
    [InlineData("tcc", "submitted", TwoTries, "02 confirm, 01 confirm: succeed")]
    [InlineData(
        "tcc", "submitted", "01 cancel prepared, 01 confirm prepared, 02 cancel prepared, 02 confirm succeed",
        "01 confirm: succeed")]
    [InlineData("tcc", "aborting", TwoTries, "02 cancel, 01 cancel: failed")]
    [InlineData(
        "tcc", "aborting", "01 cancel prepared, 01 confirm prepared, 02 cancel succeed, 02 confirm prepared",
        "01 cancel: failed")]
    [InlineData("tcc", "submitted", "", ": succeed")]
    [InlineData(
        "xa", "submitted", "01 rollback prepared, 01 commit succeed, 02 rollback prepared, 02 commit prepared",
        "02 commit: succeed")]
    [InlineData(
        "xa", "aborting", "01 rollback prepared, 01 commit prepared, 02 rollback prepared, 02 commit prepared",
        "01 rollback, 02 rollback: failed")]
    public void The_second_phase_goes_on(string type, string status, string branches, string story)
    {
        Assert.Equal(story, Rows.Story(Rows.Map(Rows.Transaction(type, status), Rows.Branches(branches))));
        if (!story.StartsWith(':'))
        {
            var later = Rows.Map(
                Rows.Transaction(type, status) with { NextTry = Rows.Now.AddMinutes(3) }, Rows.Branches(branches));
            Assert.Equal((Rows.Now.AddMinutes(3), story), (later.WakeAt, Rows.Story(later)));
        }
    }

    [Theory]
    [InlineData("""{"concurrent":false}""", 15)]
    [InlineData("""{"timeout_to_fail":600,"concurrent":false}""", 580)]
    [InlineData("""{"timeout_to_fail":5,"concurrent":false}""", 0)]
    public void A_prepared_tcc_is_rolled_back_when_its_time_is_up(string options, int due)
    {
        var mapped = Rows.Map(
            Rows.Transaction("tcc", "prepared") with { Options = options, NextTry = Rows.Now.AddHours(1) },
            Rows.Branches(TwoTries));

        Assert.Equal((TransactionStatus.Prepared, Rows.Now.AddSeconds(due)), (mapped.Status, mapped.WakeAt));
        Assert.Equal("02 cancel, 01 cancel: failed", Rows.Story(mapped));
    }

    [Theory]
    [InlineData("http", "68656C6C6F")]
    [InlineData("grpc", "0A0568656C6C6F")] // The message of the workflow service: field 1, 5 bytes.
    public void A_workflow_is_resumed_with_its_name_its_data_and_its_results(string protocol, string payload)
    {
        var row = Rows.Transaction("workflow", "prepared") with { Protocol = protocol };
        var mapped = Rows.Map(row, Rows.Branches("01 action succeed, 02 action failed"));

        Assert.Equal(Rows.Now, mapped.WakeAt);
        var call = Assert.Single(TransactionMachine.Decide(mapped, TransactionEvent.TimeDue.Instance, Rows.Now).Calls);
        Assert.Equal(
            ("00", "wf1", "http://app/query", payload),
            (call.Branch.Id, call.Branch.Op, call.Branch.Url, Convert.ToHexString(call.Branch.Payload.Span)));
        Assert.Equal([BranchStatus.Succeed, BranchStatus.Failed], mapped.Branches.Select(b => b.Status));

        Assert.Equal(Rows.Now.AddMinutes(1), Rows.Map(row with { NextTry = Rows.Now.AddMinutes(1) }, []).WakeAt);
        Assert.Equal(Rows.Ago(3).AddSeconds(10), Rows.Map(row with { Updated = Rows.Ago(3) }, []).WakeAt);
    }
}
