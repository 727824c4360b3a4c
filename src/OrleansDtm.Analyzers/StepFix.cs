using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;

namespace OrleansDtm.Analyzers;

/// <summary>
/// Moves a value, such as <c>Guid.NewGuid()</c>, into a step. Offered only where the result compiles and means the
/// same: directly in an async function that takes the Workflow, without anything that the step would have to capture.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
internal sealed class StepFix : CodeFixProvider
{
    private const string Title = "Move into a step";

    public override ImmutableArray<string> FixableDiagnosticIds { get; } =
        ImmutableArray.Create(Rules.ClockId, Rules.RandomId);

    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (root?.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true) is ExpressionSyntax found
                && model is not null
                && ValueOf(found) is var value
                && WorkflowAround(value, model, context.CancellationToken) is { } workflow
                && IsStorable(value, model, context.CancellationToken))
            {
                context.RegisterCodeFix(
                    CodeAction.Create(
                        Title,
                        _ => Task.FromResult(context.Document.WithSyntaxRoot(
                            root.ReplaceNode(value, Step(value, workflow)))),
                        equivalenceKey: Title),
                    diagnostic);
            }
        }
    }

    /// <summary><c>Random.Shared.Next(6)</c> for <c>Random.Shared</c>; otherwise the expression itself.</summary>
    private static ExpressionSyntax ValueOf(ExpressionSyntax found) =>
        found is MemberAccessExpressionSyntax
        && found.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } method
        && method.Expression == found
        && found.ToString().EndsWith("Random.Shared", System.StringComparison.Ordinal)
            ? call
            : found;

    /// <summary>The name of the Workflow; null = the step would not compile here.</summary>
    private static string? WorkflowAround(ExpressionSyntax value, SemanticModel model, CancellationToken cancel)
    {
        foreach (var node in value.Ancestors())
        {
            switch (node)
            {
                // There await is not allowed.
                case LockStatementSyntax or CatchFilterClauseSyntax or QueryExpressionSyntax or AttributeSyntax
                    or ParameterSyntax or UnsafeStatementSyntax or FixedStatementSyntax:
                    return null;
                case AnonymousFunctionExpressionSyntax lambda:
                    return Name(
                        lambda.AsyncKeyword.IsKind(SyntaxKind.AsyncKeyword),
                        model.GetSymbolInfo(lambda, cancel).Symbol);
                case LocalFunctionStatementSyntax local:
                    return Name(local.Modifiers.Any(SyntaxKind.AsyncKeyword), model.GetDeclaredSymbol(local, cancel));
                case MethodDeclarationSyntax method:
                    return Name(method.Modifiers.Any(SyntaxKind.AsyncKeyword), model.GetDeclaredSymbol(method, cancel));
            }
        }

        return null;
    }

    private static string? Name(bool isAsync, ISymbol? function) => isAsync && function is IMethodSymbol { } method
        ? method.Parameters.FirstOrDefault(static parameter => parameter.Type.ToDisplayString()
            == "OrleansDtm.Client.Workflow" && parameter.Name != "_")?.Name
        : null;

    /// <summary>Its value comes back from the record unchanged, and its arguments are constants.</summary>
    private static bool IsStorable(ExpressionSyntax value, SemanticModel model, CancellationToken cancel)
    {
        var isValue = value is MemberAccessExpressionSyntax
            || (value is InvocationExpressionSyntax call
                && call.ArgumentList.Arguments.All(
                    argument => model.GetConstantValue(argument.Expression, cancel).HasValue)
                && IsStatic(call, model, cancel));
        return isValue
            && value.Parent is not ExpressionStatementSyntax
            && model.GetTypeInfo(value, cancel).Type is { } type
            && (type.SpecialType is SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_Double
                    or SpecialType.System_DateTime
                || type.ToDisplayString() is "System.DateTimeOffset" or "System.Guid");
    }

    /// <summary>It captures nothing.</summary>
    private static bool IsStatic(InvocationExpressionSyntax call, SemanticModel model, CancellationToken cancel) =>
        model.GetSymbolInfo(call, cancel).Symbol is { IsStatic: true }
        || (call.Expression is MemberAccessExpressionSyntax { Expression: var on }
            && model.GetSymbolInfo(on, cancel).Symbol is IPropertySymbol { IsStatic: true });

    private static ParenthesizedExpressionSyntax Step(ExpressionSyntax value, string workflow)
    {
        const string result = "global::System.Threading.Tasks.Task.FromResult";
        var step = SyntaxFactory.ParseExpression(
            $"(await {workflow}.DoAsync(_ => {result}({value.WithoutTrivia()})))");
        return ((ParenthesizedExpressionSyntax)step).WithTriviaFrom(value).WithAdditionalAnnotations(
            Simplifier.Annotation, Formatter.Annotation);
    }
}
