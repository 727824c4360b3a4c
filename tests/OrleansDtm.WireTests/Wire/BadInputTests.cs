using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// Bad input is answered with 400 and a message that names the field. Nothing is stored, and no branch is called.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class BadInputTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    public static TheoryData<string> BadFields() => [.. BadSubmits.All.Keys];

    public static TheoryData<string> NoObjects() => [.. BadSubmits.NoObject.Keys];

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task A_submit_with_a_bad_field_is_refused_by_name_and_leaves_nothing(string what)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var (word, spoil) = BadSubmits.All[what];
        var body = SagaBody.Of(gid, busi);
        spoil(body);

        Refused(await Dtm.Submit(body), word);

        await NothingIsStored(gid);
        if (body["gid"] is { } sent && sent.ToString() is { Length: > 0 } spoiled && spoiled != gid)
        {
            await NothingIsStored(spoiled);
            // A cleaned gid would not be the requested one.
            var cleaned = string.Concat(spoiled.Where(static c => !char.IsControl(c))).TrimEnd();
            await (cleaned.Length == 0 ? Task.CompletedTask : NothingIsStored(cleaned));
        }

        Assert.Empty(busi.Calls);
    }

    [Theory]
    [MemberData(nameof(NoObjects))]
    public async Task A_submit_that_is_no_JSON_object_is_refused(string what) =>
        Refused(await Dtm.Send(HttpMethod.Post, Dtm.Api + "/submit", BadSubmits.NoObject[what]), "JSON");

    [Fact]
    public async Task A_submit_of_10_MB_is_refused_with_the_limit()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi);
        body["payloads"]![0] = new string('x', 10_000_000);

        var answer = await Dtm.Send(HttpMethod.Post, Dtm.Api + "/submit", body.ToJsonString(), askFirst: true);

        Assert.True(answer.Status is 400 or 413, $"{answer.Status}: {answer.Text}");
        Assert.Equal("FAILURE", answer.Result);
        Assert.Matches(@"(?i)\d.*(bytes|KB|KiB|MB|MiB|limit)|(bytes|limit|most).*\d", answer.Message);
        await NothingIsStored(gid);
        Assert.Empty(busi.Calls);
    }

    [Theory]
    [InlineData("forceStop")]
    [InlineData("abort")]
    [InlineData("resetNextCronTime")]
    public async Task A_command_needs_a_gid(string api) =>
        Refused(await Dtm.Post(api, new JsonObject { ["trans_type"] = "saga" }), "gid");

    [Theory]
    [InlineData("query")]
    [InlineData("query?gid=")]
    public async Task A_query_needs_a_gid(string api) => Refused(await Dtm.Get(api), "gid");

    [Theory]
    [InlineData("forceStop")]
    [InlineData("resetNextCronTime")]
    public async Task A_command_to_an_unknown_gid_is_answered_404(string api)
    {
        var answer = await Dtm.Post(api, new JsonObject { ["gid"] = SagaBody.NewGid() });
        Assert.Equal(404, answer.Status);
        Assert.NotEmpty(answer.Message);
    }

    [Theory]
    [InlineData("limit", "-1")]
    [InlineData("limit", "abc")]
    [InlineData("position", "x")]
    [InlineData("createTimeStart", "x")]
    [InlineData("createTimeEnd", "x")]
    [InlineData("status", "zzz")]
    [InlineData("transType", "zzz")]
    public async Task A_list_with_a_bad_parameter_is_refused_by_name(string parameter, string value) =>
        Refused(await Dtm.Get($"all?{parameter}={value}"), parameter);

    [Theory]
    [InlineData("timeout", "x")]
    [InlineData("timeout", "-1")]
    [InlineData("limit", "x")]
    public async Task A_reset_of_all_with_a_bad_parameter_is_refused_by_name(string parameter, string value) =>
        Refused(await Dtm.Get($"resetCronTime?{parameter}={value}"), parameter);

    [Fact]
    public async Task An_unknown_route_is_answered_404() =>
        Assert.Equal(404, (await Dtm.Get("nothingOfTheKind")).Status);

    [Theory]
    [InlineData("GET", "submit")]
    [InlineData("DELETE", "query")]
    [InlineData("GET", "forceStop")]
    [InlineData("POST", "all")]
    public async Task A_wrong_method_is_answered_404_or_405(string method, string api)
    {
        var answer = await Dtm.Send(new HttpMethod(method), $"{Dtm.Api}/{api}", method == "POST" ? "{}" : null);
        Assert.True(answer.Status is 404 or 405, $"{answer.Status}: {answer.Text}");
    }

    private static void Refused(Answer answer, string word)
    {
        Assert.True(
            answer is { Status: 400, Result: "FAILURE" }, $"expected 400 FAILURE, got {answer.Status}: {answer.Text}");
        Assert.Contains(word, answer.Message, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Asserts that a query finds nothing, or rejects such a gid.</summary>
    private async Task NothingIsStored(string gid)
    {
        var answer = await Dtm.Get("query?gid=" + Uri.EscapeDataString(gid));
        Assert.True(answer.Status is 200 or 400, $"{answer.Status}: {answer.Text}");
        Assert.Null(answer.Json?["transaction"]);
    }
}
