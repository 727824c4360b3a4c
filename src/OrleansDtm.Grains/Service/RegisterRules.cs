using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Invokers;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Service;

/// <summary>Validates branch registrations by type.</summary>
internal static class RegisterRules
{
    private const int BranchIdMax = 128;
    private const int OpMax = 64;

    /// <exception cref="RequestException">A field is missing or invalid.</exception>
    public static TransactionEvent.Register Check(
        RegisterRequest request, BranchGrainDirectory grains, BranchTargets targets, DateTimeOffset now)
    {
        var type = RequestValidator.Type(request.TransType);
        var branchId = Short("branch_id", request.BranchId, BranchIdMax);
        (string Op, string Url)[] calls = type switch
        {
            TransactionType.Tcc =>
            [
                Call(grains, targets, BranchOps.Cancel, request, "cancel"),
                Call(grains, targets, BranchOps.Confirm, request, "confirm"),
            ],
            TransactionType.Xa =>
            [
                Call(grains, targets, BranchOps.Rollback, request, "url"),
                Call(grains, targets, BranchOps.Commit, request, "url"),
            ],
            TransactionType.Workflow => [(Short("op", Field(request, "op"), OpMax), "")],
            _ => throw new RequestException(
                "trans_type", $"a {Names.Of(type)} takes no further branches; one of tcc, xa, workflow"),
        };
        var status = type != TransactionType.Workflow ? BranchStatus.Prepared
            : WorkflowRules.HasSucceeded("status", Field(request, "status")) ? BranchStatus.Succeed
            : BranchStatus.Failed;
        return new TransactionEvent.Register(
            type, BranchPlan.Registered(branchId, calls, request.Data.ToArray(), now.AddTicks(
                -(now.Ticks % TimeSpan.TicksPerMillisecond))), status);
    }

    /// <summary>
    /// Accepts a URL of any protocol: the request does not contain the protocol, which the prepare set.
    /// </summary>
    private static (string Op, string Url) Call(
        BranchGrainDirectory grains, BranchTargets targets, string op, RegisterRequest request, string field) =>
        (op, BranchUrlRules.Check(Field(request, field), "grpc", field, grains, targets));

    private static string? Field(RegisterRequest request, string name) => request.Fields.GetValueOrDefault(name);

    private static string Short(string field, string? text, int max)
    {
        if (string.IsNullOrEmpty(text))
        {
            throw new RequestException(field, "is missing");
        }

        return text.Length <= max && !text.Any(char.IsControl)
            ? text
            : throw new RequestException(field, $"is longer than {max} characters or contains a control character");
    }
}
