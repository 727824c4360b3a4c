using System.Text.Json.Nodes;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>Bodies of prepare, registerBranch, submit and abort for the patterns other than saga.</summary>
public static class PatternBodies
{
    /// <summary>A body with only gid and type, as tcc and xa send it for prepare, submit and abort.</summary>
    public static JsonObject Of(string gid, string type) => new() { ["gid"] = gid, ["trans_type"] = type };

    public static JsonObject Msg(string gid, Participant busi, int steps = 2)
    {
        var body = SagaBody.Of(gid, busi, steps).With("trans_type", "msg").With("query_prepared", $"{busi.Url}/Query");
        foreach (var step in body["steps"]!.AsArray())
        {
            step!.AsObject().Remove("compensate");
        }

        return body;
    }

    public static JsonObject TccBranch(string gid, Participant busi, int number) => Of(gid, "tcc")
        .With("branch_id", $"0{number}")
        .With("data", $$"""{"amount":{{number}}}""")
        .With("confirm", $"{busi.Url}/Confirm{number}")
        .With("cancel", $"{busi.Url}/Cancel{number}");

    public static JsonObject XaBranch(string gid, Participant busi, int number) => Of(gid, "xa")
        .With("branch_id", $"0{number}")
        .With("data", "")
        .With("url", $"{busi.Url}/Xa{number}");

    public static JsonObject Workflow(string gid, Participant busi) => Of(gid, "workflow")
        .With("query_prepared", $"{busi.Url}/Resume")
        .With("custom_data", """{"name":"order","data":"e30="}""");

    public static JsonObject WorkflowStep(string gid, string branch, string result, string status = "succeed") =>
        Of(gid, "workflow")
            .With("branch_id", branch)
            .With("op", "action")
            .With("status", status)
            .With("data", result)
            .With("sync", "1");

    public static JsonObject WorkflowEnd(string gid, string status, string reason = "", string result = "") => Of(
        gid, "workflow")
        .With("req_extra", new JsonObject { ["status"] = status, ["rollback_reason"] = reason, ["result"] = result });
}
