using OrleansDtm.Grains.Service;
using OrleansDtm.Import;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.UnitTests.Import;

/// <summary>Transactions that the coordinator cannot continue are rejected with a reason and not stored.</summary>
public sealed class MapperRefusalTests
{
    [Theory]
    [InlineData("quantum", "submitted", "", "trans_type: 'quantum' is unknown")]
    [InlineData(
        "saga", "prepared", "01 compensate prepared, 01 action prepared",
        "status: 'prepared' is not one of an unfinished saga")]
    [InlineData("saga", "paused", "01 compensate prepared, 01 action prepared", "status: 'paused'")]
    [InlineData("workflow", "submitted", "", "status: 'submitted' is not one of an unfinished workflow")]
    [InlineData("saga", "submitted", "", "has no branches of it, and a saga has them from the start")]
    [InlineData("msg", "submitted", "", "has no branches")]
    [InlineData("saga", "submitted", "01 action prepared", "branch 01 has no compensate")]
    [InlineData(
        "saga", "submitted", "01 compensate prepared, 01 action prepared, 01 confirm prepared",
        "branch 01 confirm does not belong to a saga")]
    [InlineData("saga", "submitted", "01 compensate failed, 01 action prepared", "branch 01 compensate is failed")]
    [InlineData(
        "saga", "submitted", "01 compensate prepared, 01 action paused",
        "branch 01 action has the unknown status 'paused'")]
    [InlineData("msg", "submitted", "01 action failed", "branch 01 action is failed")]
    [InlineData("msg", "submitted", "01 confirm prepared", "branch 01 confirm does not belong to a msg")]
    [InlineData("tcc", "submitted", "01 cancel prepared", "branch 01 has no confirm")]
    [InlineData(
        "tcc", "submitted", "01 cancel prepared, 01 confirm prepared, 01 confirm prepared",
        "branch 01 has more than one confirm")]
    [InlineData("tcc", "submitted", "01 cancel prepared, 01 confirm failed", "branch 01 confirm is failed")]
    [InlineData("workflow", "prepared", "01 action prepared", "which a workflow's result cannot have")]
    public void It_says_why(string type, string status, string branches, string reason) =>
        Refused(Rows.Transaction(type, status), Rows.Branches(branches), reason);

    [Fact]
    public void Columns_that_cannot_be_read_are_named()
    {
        var row = Rows.Transaction("saga", "submitted");
        var steps = Rows.Saga("prepared/prepared");

        Refused(row with { Options = "{" }, steps, "options: is not the JSON that DTM writes there");
        Refused(row with { ExtData = "[]" }, steps, "ext_data: is not the JSON that DTM writes there");
        Refused(row with { CustomData = "concurrent" }, steps, "custom_data: is not the JSON of a saga");
        Refused(row with { CustomData = """{"concurrent":true,"orders":{"0":[0]}}""" }, steps, "custom_data.orders: ");
        Refused(row with { Protocol = "thrift" }, steps, "protocol: 'thrift' is unknown");
        Refused(row with { Gid = "a\nb" }, steps, "gid: contains the control character");
        Refused(
            row,
            [.. steps.Select(b => b with { Url = "etcd://app/act" })],
            "'etcd://app/act' is not a valid URL for protocol");
        Refused(row, [.. steps.Select(b => b with { Url = "topic://orders" })], "is not a valid URL for protocol");
        Refused(
            Rows.Transaction("msg", "submitted"),
            [Rows.Branches("01 action prepared")[0] with { Url = "topic://orders" }],
            "goes to a topic");
        Refused(
            Rows.Transaction("msg", "prepared") with { QueryPrepared = "" },
            Rows.Branches("01 action prepared"),
            "query_prepared: is missing");
        Refused(
            Rows.Transaction("tcc", "submitted"),
            [.. Rows.Branches("01 cancel prepared, 01 confirm prepared").Select(b => b with { Url = "x" })],
            "branch 01 cancel: 'x' is not a valid branch address");
        Refused(
            Rows.Transaction("workflow", "prepared") with { CustomData = "x" },
            [],
            "custom_data: is not the JSON of a workflow");
    }

    private static void Refused(DtmTransaction row, IReadOnlyList<DtmBranch> branches, string reason) =>
        Assert.Contains(
            reason, Assert.Throws<RequestException>(() => Rows.Map(row, branches)).Message, StringComparison.Ordinal);
}
