using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace OrleansDtm.Analyzers;

/// <summary>Recognises the HTTP clients of workflows and branches, whose calls are steps.</summary>
internal static class WorkflowHttp
{
    /// <summary>False = it is no call of an HTTP client, or that of another one.</summary>
    public static bool MayBe(IOperation operation, WorkflowTypes types)
    {
        if (operation is not IInvocationOperation call)
        {
            return false;
        }

        var client = call.Instance ?? call.Arguments.FirstOrDefault()?.Value;
        return IsHttpClient(Unwrapped(client)?.Type) && ClientMayBe(client, types, depth: 0);
    }

    private static bool ClientMayBe(IOperation? client, WorkflowTypes types, int depth) => Unwrapped(client) switch
    {
        IPropertyReferenceOperation property => types.IsOwnerOfHttp(property.Property.ContainingType),
        IInvocationOperation call => types.IsOwnerOfHttp(call.TargetMethod.ContainingType),
        ILocalReferenceOperation local => depth > 4 || LocalMayBe(local, types, depth),

        // A caller may have given it one; but not to the method that only registers the workflow.
        IParameterReferenceOperation { Parameter.ContainingSymbol: IMethodSymbol function } =>
            function.MethodKind is MethodKind.AnonymousFunction or MethodKind.LocalFunction
                || types.IsWorkflow(function),
        _ => false,
    };

    /// <summary>By the value with which the local was declared.</summary>
    private static bool LocalMayBe(ILocalReferenceOperation local, WorkflowTypes types, int depth)
    {
        var syntax = local.Local.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax();
        return syntax is null
            || local.SemanticModel?.GetOperation(syntax) is not IVariableDeclaratorOperation declared
            || declared.GetVariableInitializer() is not { } initial
            || ClientMayBe(initial.Value, types, depth + 1);
    }

    private static IOperation? Unwrapped(IOperation? operation)
    {
        while (operation is IConversionOperation or IParenthesizedOperation)
        {
            operation = operation.ChildOperations.First();
        }

        return operation;
    }

    private static bool IsHttpClient(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type is { Name: "HttpMessageInvoker", ContainingNamespace: { Name: "Http" } })
            {
                return true;
            }
        }

        return false;
    }
}
