using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Aspire.Tests;

/// <summary>The C# of the packages' READMEs.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void All_code_of_the_READMEs_is_compiled() => Assert.Equal(
        ReadmeCode.Snippets("tests", "OrleansDtm.Aspire.Tests", $"{nameof(ReadmeSnippets)}.cs")
            .Order(StringComparer.Ordinal),
        ((string[])["OrleansDtm.Aspire", "OrleansDtm.Aspire.Hosting", "OrleansDtm.Testcontainers"])
            .SelectMany(static package => ReadmeCode.Blocks("src", package, "README.md"))
            .Order(StringComparer.Ordinal));
}
