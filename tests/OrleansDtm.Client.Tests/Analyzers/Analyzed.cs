using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using OrleansDtm.Analyzers;
using Xunit;

namespace OrleansDtm.Client.Tests.Analyzers;

/// <summary>Code that is compiled with the analyzer.</summary>
internal static class Analyzed
{
    private const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Data.Common;
        using System.Diagnostics;
        using System.IO;
        using System.Linq;
        using System.Net.Http;
        using System.Net.Http.Json;
        using System.Threading;
        using System.Threading.Tasks;
        using Microsoft.Extensions.DependencyInjection;
        using OrleansDtm.Client;

        """;

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The body of a workflow <c>async (workflow, order) =&gt; { ... }</c>; order is a string.</summary>
    public static string Workflow(string code, string members = "") => $$"""
        internal sealed class Program
        {
            private readonly HttpClient _http = new();

            public void Register(IServiceCollection services, HttpClient given, DbCommand command) =>
                services.AddWorkflow<string, string>("order", async (workflow, order) =>
                {
                    await workflow.DoAsync(_ => Task.CompletedTask);
                    {{code}}
                    return order;
                });

            {{members}}
        }
        """;

    /// <summary>The warnings, as "id text of the code". Fails if the code does not compile.</summary>
    public static async Task<string[]> Warnings(string code)
    {
        var (document, found) = await Analyze(code);
        var text = await document.GetTextAsync(Cancel);
        return [.. found.Select(warning => $"{warning.Id} {text.ToString(warning.Location.SourceSpan)}")];
    }

    /// <summary>The code after the fix of its only warning; null = no fix is offered.</summary>
    public static async Task<string?> Fixed(string code)
    {
        var (document, found) = await Analyze(code);
        var fixes = new List<CodeAction>();
        var context = new CodeFixContext(document, Assert.Single(found), (fix, _) => fixes.Add(fix), Cancel);
        await new StepFix().RegisterCodeFixesAsync(context);
        if (fixes.Count == 0)
        {
            return null;
        }

        var operations = await Assert.Single(fixes).GetOperationsAsync(Cancel);
        var solution = Assert.Single(operations.OfType<ApplyChangesOperation>()).ChangedSolution;
        var after = (await solution.GetDocument(document.Id)!.GetTextAsync(Cancel)).ToString()[Usings.Length..];
        Assert.Empty(await Warnings(after)); // It compiles, and is right.
        return after;
    }

    private static async Task<(Document Document, ImmutableArray<Diagnostic> Found)> Analyze(string code)
    {
        using var workspace = new AdhocWorkspace();
        var project = ProjectInfo.Create(
            ProjectId.CreateNewId(),
            VersionStamp.Default,
            "code",
            "code",
            LanguageNames.CSharp,
            compilationOptions: new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable),
            metadataReferences: References);
        var document = workspace.AddProject(project).AddDocument("Code.cs", Usings + code);
        var compilation = (await document.Project.GetCompilationAsync(Cancel))!;
        Assert.Empty(compilation.GetDiagnostics(Cancel).Where(static d => d.Severity == DiagnosticSeverity.Error));
        var found = await compilation.WithAnalyzers([new WorkflowAnalyzer()]).GetAnalyzerDiagnosticsAsync(Cancel);
        return (document, [.. found.OrderBy(static warning => warning.Location.SourceSpan.Start)]);
    }
}
