using Xunit;
using static OrleansDtm.Client.Tests.Analyzers.Analyzed;

namespace OrleansDtm.Client.Tests.Analyzers;

/// <summary>The code fix: its result compiles without a warning, or it is not offered.</summary>
public sealed class StepFixTests
{
    [Theory]
    [InlineData("var id = Guid.NewGuid();", "var id = await workflow.DoAsync(_ => Task.FromResult(Guid.NewGuid()));")]
    [InlineData(
        "order += Guid.NewGuid().ToString(\"N\");",
        "order += (await workflow.DoAsync(_ => Task.FromResult(Guid.NewGuid()))).ToString(\"N\");")]
    [InlineData(
        "var year = DateTime.UtcNow.Year;",
        "var year = (await workflow.DoAsync(_ => Task.FromResult(DateTime.UtcNow))).Year;")]
    [InlineData(
        "var later = DateTimeOffset.Now + TimeSpan.FromDays(1);",
        "var later = await workflow.DoAsync(_ => Task.FromResult(DateTimeOffset.Now)) + TimeSpan.FromDays(1);")]
    [InlineData(
        "var dice = Random.Shared.Next(1, 7);",
        "var dice = await workflow.DoAsync(_ => Task.FromResult(Random.Shared.Next(1, 7)));")]
    [InlineData(
        "var now = TimeProvider.System.GetUtcNow();",
        "var now = await workflow.DoAsync(_ => Task.FromResult(TimeProvider.System.GetUtcNow()));")]
    [InlineData(
        "var ticks = Environment.TickCount64;",
        "var ticks = await workflow.DoAsync(_ => Task.FromResult(Environment.TickCount64));")]
    public async Task A_value_moves_into_a_step(string code, string expected) =>
        Assert.Contains(expected, Plain(await Fixed(Workflow(code))), StringComparison.Ordinal);

    [Theory]
    [InlineData("order += string.Join('-', Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()));")]
    [InlineData("string Today() => DateTime.UtcNow.ToString(); order += Today();")]
    [InlineData("lock (_http) { order += Guid.NewGuid(); }")]
    [InlineData("try { order += 1; } catch (Exception) when (DateTime.Now.Year > 2000) { order += 2; }")]
    [InlineData("var most = 7; order += Random.Shared.Next(most);")]
    [InlineData("var watch = Stopwatch.StartNew();")]
    [InlineData("Func<Guid> create = Guid.NewGuid;")]
    [InlineData("var random = new Random();")]
    [InlineData("await Task.Delay(1);")]
    public async Task Where_it_would_not_compile_or_not_be_right_none_is_offered(string code) =>
        Assert.Null(await Fixed(Workflow(code)));

    [Fact]
    public async Task A_method_that_is_not_async_has_no_fix() => Assert.Null(await Fixed(Workflow(
        "", "private static Task Run(Workflow workflow) => Task.FromResult(Guid.NewGuid());")));

    [Fact]
    public async Task An_async_method_has_one() => Assert.Contains(
        "=> await flow.DoAsync(_ => Task.FromResult(Guid.NewGuid()));",
        Plain(await Fixed(Workflow("", "private static async Task<Guid> Run(Workflow flow) => Guid.NewGuid();"))),
        StringComparison.Ordinal);

    /// <summary>Editors shorten qualified names and remove needless parentheses; this does the same by text.</summary>
    private static string Plain(string? code) => System.Text.RegularExpressions.Regex.Replace(
        code!.Replace("global::System.Threading.Tasks.", "", StringComparison.Ordinal),
        @"\((await \w+\.DoAsync\(_ => Task\.FromResult\(.*?\)\))\)(?=;| \+)",
        "$1");
}
