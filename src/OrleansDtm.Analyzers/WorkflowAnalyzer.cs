using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace OrleansDtm.Analyzers;

/// <summary>Finds code of workflows, outside their steps, that does something else when it runs again.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
internal sealed class WorkflowAnalyzer : DiagnosticAnalyzer
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.Clock, Rules.Random, Rules.Wait, Rules.Io);

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (WorkflowTypes.Of(start.Compilation) is not { } types)
            {
                return; // The SDK is not referenced.
            }

            var forbidden = new ForbiddenCalls(start.Compilation);
            start.RegisterOperationAction(
                operation => Check(operation, types, forbidden),
                OperationKind.PropertyReference,
                OperationKind.Invocation,
                OperationKind.ObjectCreation,
                OperationKind.MethodReference);
        });
    }

    private static void Check(OperationAnalysisContext context, WorkflowTypes types, ForbiddenCalls forbidden)
    {
        if (forbidden.RuleFor(context.Operation) is { } rule
            && types.IsWorkflowCode(context.Operation, context.ContainingSymbol)
            && !(rule == Rules.Io && WorkflowHttp.MayBe(context.Operation, types)))
        {
            context.ReportDiagnostic(
                Diagnostic.Create(rule, context.Operation.Syntax.GetLocation(), NameOf(context.Operation)));
        }
    }

    private static string NameOf(IOperation operation)
    {
        ISymbol? member = operation switch
        {
            IPropertyReferenceOperation property => property.Property,
            IInvocationOperation call => call.TargetMethod,
            IMethodReferenceOperation method => method.Method,
            IObjectCreationOperation creation => creation.Constructor,
            _ => null,
        };
        return member is IMethodSymbol { MethodKind: MethodKind.Constructor }
            ? $"new {member.ContainingType.Name}"
            : $"{member?.ContainingType.Name}.{member?.Name}";
    }
}
