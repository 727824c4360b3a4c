using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>JSON Pointers: the examples of RFC 6901, section 5, and what is not a pointer.</summary>
public sealed class JsonPointerTests
{
    private const string Document =
        """
        {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"n":null,"x":{"01":9}}
        """;

    [Theory]
    [InlineData("/foo", """["bar","baz"]""")]
    [InlineData("/foo/0", "\"bar\"")]
    [InlineData("/", "0")]
    [InlineData("/a~1b", "1")]
    [InlineData("/c%d", "2")]
    [InlineData("/e^f", "3")]
    [InlineData("/g|h", "4")]
    [InlineData("/i\\j", "5")]
    [InlineData("/k\"l", "6")]
    [InlineData("/ ", "7")]
    [InlineData("/m~0n", "8")]
    [InlineData("/n", "null")]
    [InlineData("/x/01", "9")]
    public void The_value_is_found(string pointer, string value) => Assert.Equal(value, Find(pointer));

    [Theory]
    [InlineData("/foo/2")]
    [InlineData("/foo/-")]
    [InlineData("/foo/00")]
    [InlineData("/foo/+1")]
    [InlineData("/foo/99999999999")]
    [InlineData("/foo/bar")]
    [InlineData("/a/b")]
    [InlineData("/n/x")]
    [InlineData("/FOO")]
    public void There_is_no_such_value(string pointer) => Assert.Null(Find(pointer));

    [Theory]
    [InlineData("foo")]
    [InlineData("#/foo")]
    [InlineData("/a~2")]
    [InlineData("/a~")]
    public void It_is_no_pointer(string text) => Assert.Null(JsonPointer.Parse(text));

    [Fact]
    public void The_empty_pointer_is_the_whole_document()
    {
        Assert.True(JsonPointer.Parse("")!.IsWhole);
        Assert.Equal(Document.Trim(), Find("")!);
        Assert.Equal("8", Find("/m~0n"));
        Assert.Null(Find("/m~01n")); // ~01 is the text ~1, not a slash.
    }

    private static string? Find(string pointer)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(Document));
        return JsonPointer.Parse(pointer)!.TryFind(document.RootElement, out var value) ? value.GetRawText() : null;
    }
}
