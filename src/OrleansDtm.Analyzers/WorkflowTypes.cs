using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace OrleansDtm.Analyzers;

/// <summary>The types of the SDK that tell workflow code and its steps from other code.</summary>
internal sealed class WorkflowTypes
{
    private readonly INamedTypeSymbol _workflow;
    private readonly INamedTypeSymbol _branch;
    private readonly INamedTypeSymbol _step;

    private WorkflowTypes(INamedTypeSymbol workflow, INamedTypeSymbol branch, INamedTypeSymbol step) =>
        (_workflow, _branch, _step) = (workflow, branch, step);

    /// <summary>Null = the compilation does not reference the SDK.</summary>
    public static WorkflowTypes? Of(Compilation compilation) =>
        compilation.GetTypeByMetadataName("OrleansDtm.Client.Workflow") is { } workflow
        && compilation.GetTypeByMetadataName("OrleansDtm.Client.WorkflowBranch") is { } branch
        && compilation.GetTypeByMetadataName("OrleansDtm.Client.WorkflowStep") is { } step
            ? new WorkflowTypes(workflow, branch, step)
            : null;

    /// <summary>Workflow, branch or step: the owners of HTTP clients whose calls are recorded.</summary>
    public bool IsOwnerOfHttp(ITypeSymbol? type) => Is(type, _workflow) || Is(type, _branch) || Is(type, _step);

    /// <summary>Whether a function is workflow code: it takes a Workflow.</summary>
    public bool IsWorkflow(IMethodSymbol function) => Takes(function, _workflow) && !Takes(function, _step);

    /// <summary>
    /// Whether the nearest function around it that is a workflow or a step is a workflow. Functions in between, such as
    /// those of LINQ, belong to the one around them.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="member">The member that contains it.</param>
    public bool IsWorkflowCode(IOperation operation, ISymbol member)
    {
        for (var at = operation.Parent; at is not null; at = at.Parent)
        {
            var function = at switch
            {
                IAnonymousFunctionOperation lambda => lambda.Symbol,
                ILocalFunctionOperation local => local.Symbol,
                _ => null,
            };
            if (function is null)
            {
                continue;
            }

            if (Takes(function, _step) || IsGivenToBranch(at))
            {
                return false;
            }

            if (Takes(function, _workflow))
            {
                return true;
            }
        }

        return member is IMethodSymbol method && IsWorkflow(method);
    }

    /// <summary>Functions for a branch run in its action or its hooks, also those without a step: XA.</summary>
    private bool IsGivenToBranch(IOperation function)
    {
        var at = function.Parent;
        while (at is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation)
        {
            at = at.Parent;
        }

        return at is IArgumentOperation { Parent: IInvocationOperation call }
            && (Is(call.TargetMethod.ContainingType, _workflow) || Is(call.TargetMethod.ContainingType, _branch));
    }

    private static bool Takes(IMethodSymbol function, INamedTypeSymbol type)
    {
        foreach (var parameter in function.Parameters)
        {
            if (Is(parameter.Type, type))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Is(ITypeSymbol? type, INamedTypeSymbol other) =>
        SymbolEqualityComparer.Default.Equals(type, other);
}
