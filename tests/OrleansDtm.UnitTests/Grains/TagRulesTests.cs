using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The tags of requests and of searches.</summary>
public sealed class TagRulesTests
{
    private static readonly RequestValidator Validator = new(new RequestOptions());

    [Fact]
    public void Field_and_header_are_joined_and_the_field_wins()
    {
        var submission = Submit(
            new() { ["order"] = "4711", ["Order"] = "a=b:c" },
            new() { ["X-Dtm-Tags"] = "shop=7, order = 1", ["x-tenant"] = "t" });

        Assert.Equal(
            ["Order:a=b:c", "order:4711", "shop:7"],
            submission.Definition.Tags.Select(static t => TransactionTags.Text(t.Key, t.Value)));
        Assert.Equal(["x-tenant"], submission.Definition.BranchHeaders.Keys);
        Assert.Equal(NamedOptions.Tags | NamedOptions.BranchHeaders, submission.Named);
    }

    /// <summary>A submit that only adds tags must not remove the branch headers of its prepare.</summary>
    [Fact]
    public void The_header_of_tags_alone_names_no_branch_headers()
    {
        var submission = Submit(null, new() { ["x-dtm-tags"] = "order=4711" });
        Assert.Empty(submission.Definition.BranchHeaders);
        Assert.Equal(NamedOptions.Tags, submission.Named);
    }

    [Fact]
    public void Without_tags_nothing_is_named()
    {
        Assert.Equal(NamedOptions.None, Submit(null, null).Named);
        Assert.Equal(NamedOptions.None, Submit([], new() { ["x-dtm-tags"] = "" }).Named);
        Assert.Same(TransactionTags.None, Submit([], null).Definition.Tags);
    }

    [Theory]
    [InlineData("", "v")]
    [InlineData("a:b", "v")]
    [InlineData("a=b", "v")]
    [InlineData("a,b", "v")]
    [InlineData("a*", "v")]
    [InlineData(" a", "v")]
    [InlineData("a ", "v")]
    [InlineData("a\n", "v")]
    [InlineData("a", "")]
    [InlineData("a", null)]
    [InlineData("a", "v,w")]
    [InlineData("a", "v*")]
    [InlineData("a", "v ")]
    [InlineData("a", "v\u0000w")]
    public void A_bad_tag_is_refused_by_the_name_of_the_field(string key, string? value)
    {
        var refused = Assert.Throws<RequestException>(() => Submit(new() { [key] = value }, null));
        Assert.StartsWith("tags: ", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Half a surrogate pair, which an attribute cannot hold.</summary>
    [Fact]
    public void Text_that_is_not_Unicode_is_refused()
    {
        Assert.Throws<RequestException>(() => Submit(new() { ["a" + (char)0xD800] = "v" }, null));
        Assert.Throws<RequestException>(() => Submit(new() { ["a"] = $"v{(char)0xDC00}" }, null));
        Assert.Throws<RequestException>(() => TagRules.Parse($"a:v{(char)0xD800}*"));
        Assert.Single(Submit(new() { ["a"] = "😀" }, null).Definition.Tags);
    }

    [Fact]
    public void The_maxima_are_allowed_and_more_is_not()
    {
        var (key, value) = (new string('k', TransactionTags.KeyMax), new string('v', TransactionTags.ValueMax));
        Submit(new() { [key] = value }, null);
        Assert.Throws<RequestException>(() => Submit(new() { [key + "k"] = value }, null));
        Assert.Throws<RequestException>(() => Submit(new() { [key] = value + "v" }, null));

        var eight = Enumerable.Range(0, 8).ToDictionary(static i => $"k{i}", static string? (i) => $"{i}");
        Assert.Equal(8, Submit(eight, new() { ["x-dtm-tags"] = "k0=x" }).Definition.Tags.Count);
        var refused = Assert.Throws<RequestException>(() => Submit(eight, new() { ["x-dtm-tags"] = "k9=x" }));
        Assert.Equal("tags: has 9 tags; the maximum is 8", refused.Message);
    }

    [Theory]
    [InlineData("order")]
    [InlineData("order=1,")]
    [InlineData("=1")]
    [InlineData("order=")]
    [InlineData("or:der=1")]
    public void A_bad_header_is_refused_by_its_name(string text)
    {
        var refused = Assert.Throws<RequestException>(() => Submit(null, new() { ["x-dtm-tags"] = text }));
        Assert.StartsWith("branch_headers.x-dtm-tags: ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("order:4711", "order:4711|False")]
    [InlineData("order:47*,shop:7", "order:47|True", "shop:7|False")]
    [InlineData("order:*", "order:|True")]
    [InlineData("a:b:c=d", "a:b:c=d|False")]
    [InlineData("")]
    public void A_search_names_tags_and_prefixes(string text, params string[] expected) =>
        Assert.Equal(expected, TagRules.Parse(text).Select(static t => $"{t.Text}|{t.IsPrefix}"));

    [Theory]
    [InlineData("order")]
    [InlineData(":4711")]
    [InlineData("order:")]
    [InlineData("or*:1")]
    [InlineData("order:1**")]
    [InlineData("a:1,")]
    [InlineData("a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1")]
    public void A_bad_search_is_refused_by_the_name_of_the_parameter(string text)
    {
        var refused = Assert.Throws<RequestException>(() => TagRules.Parse(text));
        Assert.StartsWith("tag: ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://Bank:8080/out", "bank", true)]
    [InlineData("http://bank:8080/out", "bank:8080", true)]
    [InlineData("http://bank:8080/out", "BANK", true)]
    [InlineData("http://bank/out", "bank", true)]
    [InlineData("https://u:p@bank/out", "bank", true)]
    [InlineData("bank:9000/pkg.Service/Out", "bank", true)]
    [InlineData("discovery:///bank/out", "bank", true)]
    [InlineData("grain://Account/7/Out", "grain://account", true)]
    [InlineData("http://bank:8080/out", "ban", false)]
    [InlineData("http://shop/bank", "bank", false)]
    [InlineData("http://bank:8080/out", "bank:80", false)]
    [InlineData("", "bank", false)]
    public void A_host_is_that_of_a_call(string url, string host, bool expected)
    {
        var request = new TransactionRequest
        {
            Gid = "g",
            TransType = "saga",
            Steps = [new StepRequest { Action = "", Compensate = "" }],
            Payloads = ["{}"],
        };
        var decision = TransactionMachine.Decide(
            null,
            new TransactionEvent.Submit(Validator.Submission(request, "", false, DateTimeOffset.UnixEpoch)),
            DateTimeOffset.UnixEpoch).Next!;
        var branch = decision.Branches[1];
        var called = decision with { Branches = [branch with { Definition = branch.Definition with { Url = url } }] };
        Assert.Equal(expected, new ListScan(host, null).Matches(called));
    }

    private static Submission Submit(Dictionary<string, string?>? tags, Dictionary<string, string?>? headers) =>
        Validator.Submission(
            new TransactionRequest { Gid = "g", TransType = "saga", Tags = tags, BranchHeaders = headers },
            "",
            prepare: false,
            DateTimeOffset.UnixEpoch);
}
