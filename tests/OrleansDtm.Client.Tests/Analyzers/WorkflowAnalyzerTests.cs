using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;
using static OrleansDtm.Client.Tests.Analyzers.Analyzed;

namespace OrleansDtm.Client.Tests.Analyzers;

/// <summary>Warnings for code of workflows that differs when it runs again.</summary>
public sealed class WorkflowAnalyzerTests
{
    [Theory]
    [InlineData("order += DateTime.Now;", "ODTMA001 DateTime.Now")]
    [InlineData("order += DateTime.UtcNow;", "ODTMA001 DateTime.UtcNow")]
    [InlineData("order += DateTime.Today;", "ODTMA001 DateTime.Today")]
    [InlineData("order += DateTimeOffset.UtcNow;", "ODTMA001 DateTimeOffset.UtcNow")]
    [InlineData("order += DateTimeOffset.Now.Year;", "ODTMA001 DateTimeOffset.Now")]
    [InlineData("order += Environment.TickCount64;", "ODTMA001 Environment.TickCount64")]
    [InlineData("var watch = Stopwatch.StartNew();", "ODTMA001 Stopwatch.StartNew()")]
    [InlineData("var watch = new Stopwatch();", "ODTMA001 new Stopwatch()")]
    [InlineData("order += TimeProvider.System.GetUtcNow();", "ODTMA001 TimeProvider.System.GetUtcNow()")]
    [InlineData("order += Guid.NewGuid();", "ODTMA002 Guid.NewGuid()")]
    [InlineData("order += Guid.CreateVersion7();", "ODTMA002 Guid.CreateVersion7()")]
    [InlineData("Func<Guid> create = Guid.NewGuid;", "ODTMA002 Guid.NewGuid")]
    [InlineData("order += Random.Shared.Next(6);", "ODTMA002 Random.Shared")]
    [InlineData("order += new Random().Next(6);", "ODTMA002 new Random()")]
    [InlineData(
        "order += System.Security.Cryptography.RandomNumberGenerator.GetInt32(6);",
        "ODTMA002 System.Security.Cryptography.RandomNumberGenerator.GetInt32(6)")]
    [InlineData("await Task.Delay(1);", "ODTMA003 Task.Delay(1)")]
    [InlineData("Thread.Sleep(1);", "ODTMA003 Thread.Sleep(1)")]
    [InlineData("await _http.GetAsync(order);", "ODTMA004 _http.GetAsync(order)")]
    [InlineData("await given.GetStringAsync(order);", "ODTMA004 given.GetStringAsync(order)")]
    [InlineData("await _http.PostAsJsonAsync(order, 1);", "ODTMA004 _http.PostAsJsonAsync(order, 1)")]
    [InlineData("using var own = new HttpClient(); await own.GetAsync(order);", "ODTMA004 own.GetAsync(order)")]
    [InlineData("order += File.ReadAllText(order);", "ODTMA004 File.ReadAllText(order)")]
    [InlineData("await command.ExecuteNonQueryAsync();", "ODTMA004 command.ExecuteNonQueryAsync()")]
    [InlineData("using var p = Process.Start(order);", "ODTMA004 Process.Start(order)")]
    public async Task Outside_a_step_there_is_a_warning(string code, string expected) =>
        Assert.Equal([expected], await Warnings(Workflow(code)));

    [Theory]
    [InlineData("order += await workflow.DoAsync(_ => Task.FromResult(Guid.NewGuid()));")]
    [InlineData("await workflow.DoAsync(async step => { await Task.Delay(1); File.Delete(order); });")]
    [InlineData("await workflow.NewBranch().OnRollback(step => _http.GetAsync(order)).DoAsync(step => Task.Delay(1));")]
    [InlineData("workflow.NewBranch().OnCommit(async step => await command.ExecuteNonQueryAsync());")]
    [InlineData("workflow.OnFinish(async (step, undone) => await File.WriteAllTextAsync(order, $\"{DateTime.Now}\"));")]
    [InlineData("""
        await workflow.NewBranch().DoXaAsync(() => command.Connection!, async db =>
        {
            using var sql = db.CreateCommand();
            return await sql.ExecuteNonQueryAsync() + Random.Shared.Next();
        });
        """)]
    [InlineData("order += await workflow.DoAsync(Number);")]
    [InlineData("await workflow.DoAsync(async step => { async Task Wait() => await Task.Delay(1); await Wait(); });")]
    public async Task In_a_step_there_is_none(string code)
    {
        const string number = "private static Task<Guid> Number(WorkflowStep s) => Task.FromResult(Guid.NewGuid());";
        Assert.Empty(await Warnings(Workflow(code, number)));
    }

    [Theory]
    [InlineData("await workflow.Http.GetAsync(order);")]
    [InlineData("await workflow.NewBranch().OnRollback(s => s.Http.GetAsync(order)).Http.PostAsJsonAsync(order, 1);")]
    [InlineData("var branch = workflow.NewBranch(); var http = branch.Http; var c = http; await c.GetAsync(\"/\");")]
    [InlineData("await workflow.NewBranch().CreateHttp(\"shop\").GetAsync(order);")]
    [InlineData("await Book(workflow, workflow.Http);")]
    public async Task A_call_with_the_client_of_the_workflow_is_a_step(string code)
    {
        const string book = "private static Task Book(Workflow w, HttpClient http) => http.GetAsync(w.Gid);";
        Assert.Empty(await Warnings(Workflow(code, book)));
    }

    [Theory]
    [InlineData("order += new Random(7).Next(6);")]
    [InlineData("order += new DateTime(2026, 1, 1);")]
    [InlineData("order += Guid.Parse(order);")]
    [InlineData("order += TimeSpan.FromSeconds(1);")]
    [InlineData("await Task.WhenAll(workflow.DoAsync(_ => Task.CompletedTask));")]
    [InlineData("order += Path.Combine(order, order);")]
    public async Task What_is_the_same_each_time_is_allowed(string code) =>
        Assert.Empty(await Warnings(Workflow(code)));

    [Fact]
    public async Task Functions_inside_the_workflow_belong_to_it()
    {
        Assert.Equal(
            ["ODTMA002 Guid.NewGuid()"],
            await Warnings(Workflow("order += string.Join('-', Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()));")));
        Assert.Equal(
            ["ODTMA001 DateTime.UtcNow"],
            await Warnings(Workflow("string Today() => DateTime.UtcNow.ToString(); order += Today();")));
    }

    [Fact]
    public async Task A_method_that_takes_the_workflow_is_workflow_code_and_others_are_not()
    {
        const string members = """
            public static void Add(IServiceCollection services) => services.AddWorkflow<string>("other", Run);

            private static async Task Run(Workflow workflow, string order)
            {
                await workflow.DoAsync(_ => Task.Delay(1));
                await Task.Delay(2);
            }

            private static async Task Other(string order) => await Task.Delay(3);
            """;
        Assert.Equal(["ODTMA003 Task.Delay(2)"], await Warnings(Workflow("", members)));
    }

    [Fact]
    public async Task Without_workflows_there_is_no_warning() => Assert.Empty(
        await Warnings("internal static class Other { public static Guid New() => Guid.NewGuid(); }"));

    [Fact]
    public async Task The_example_of_the_README_is_compiled_and_has_the_warning_that_it_shows()
    {
        var readme = await File.ReadAllTextAsync(
            RepositoryRoot.File("src", "OrleansDtm.Analyzers", "README.md"), TestContext.Current.CancellationToken);
        var example = Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        Assert.Equal(
            ["ODTMA002 Guid.NewGuid()"],
            await Warnings($$"""
                internal sealed record Order;

                internal static class Program
                {
                    public static void Register(IServiceCollection services, string shop)
                    {
                        {{example}}
                    }
                }
                """));
        Assert.All(
            new WorkflowAnalyzerRules(), id => Assert.Contains($"| {id} |", readme, StringComparison.Ordinal));
    }

    /// <summary>The ids of all rules.</summary>
    private sealed class WorkflowAnalyzerRules : List<string>
    {
        public WorkflowAnalyzerRules() => AddRange(
            new OrleansDtm.Analyzers.WorkflowAnalyzer().SupportedDiagnostics.Select(static rule => rule.Id));
    }
}
