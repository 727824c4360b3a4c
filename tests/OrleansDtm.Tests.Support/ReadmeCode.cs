using System.Text.RegularExpressions;

namespace OrleansDtm.Tests.Support;

/// <summary>The C# of a README, and its copy between marks in a compiled file: <c>// &lt;mark&gt;</c>.</summary>
internal static partial class ReadmeCode
{
    /// <summary>Returns the blocks of a README, in its order.</summary>
    public static IEnumerable<string> Blocks(params string[] path) =>
        CSharpBlock().Matches(File.ReadAllText(RepositoryRoot.File(path)))
            .Select(static match => match.Groups[1].Value);

    /// <summary>Returns the marked code of a source file, without its indentation.</summary>
    public static IEnumerable<string> Snippets(params string[] path) =>
        Snippet().Matches(File.ReadAllText(RepositoryRoot.File(path))).Select(static match => Regex.Replace(
            match.Groups[3].Value + "\n", $"^{match.Groups[1].Value}", "", RegexOptions.Multiline));

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"( *)// <(\w+)>\n(.*?)\n *// </\2>", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
