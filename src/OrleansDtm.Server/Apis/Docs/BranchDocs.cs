using OrleansDtm.Server.OpenApi;

namespace OrleansDtm.Server.Apis.Docs;

/// <summary>Describes registerBranch and its two old names.</summary>
internal static class BranchDocs
{
    /// <param name="name">The last part of the path.</param>
    public static ApiRoute Register(string name) => new()
    {
        Id = name,
        Tag = ApiTags.Branches,
        Summary = "Registers a branch of a prepared tcc or xa, or records a step of a workflow.",
        Details = name == "registerBranch"
            ? "Call it before the branch's own call (tcc: try). Idempotent for a branch_id."
            : "The same as registerBranch, for SDKs from before it.",
        IsDeprecated = name != "registerBranch",
        Body = new ApiBody(
            typeof(BranchRegistration),
            ("tcc", """
                {"gid":"seat-9","trans_type":"tcc","branch_id":"01","confirm":"http://seats:8080/confirm",
                 "cancel":"http://seats:8080/cancel","data":"{\"seat\":\"12A\"}"}
                """),
            ("xa", """{"gid":"pay-3","trans_type":"xa","branch_id":"01","url":"http://bank:8080/xa"}"""),
            ("workflow", """
                {"gid":"workflow-7","trans_type":"workflow","branch_id":"01","op":"action","status":"succeed",
                 "bin_data":"NDI="}
                """)),
        Answers =
        [
            ApiAnswers.Done,
            ApiAnswers.Invalid("trans_type: a saga takes no further branches; one of tcc, xa, workflow"),
            ApiAnswers.Conflict(
                "The transaction does not exist, has been submitted or aborted, or is of another pattern.",
                "no trans with this gid and status: prepared found FAILURE"),
            ApiAnswers.StoreAway,
        ],
    };
}
