using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The options of a step, and give_up_after, as the validator reads them.</summary>
public sealed class CallPolicyRulesTests
{
    [Theory]
    [InlineData("saga", "retry_limit:-1", "steps[0].retry_limit")]
    [InlineData("saga", "retry_limit:1000001", "steps[0].retry_limit")]
    [InlineData("saga", "retry_interval:-1", "steps[0].retry_interval")]
    [InlineData("saga", "retry_interval:604801", "steps[0].retry_interval")]
    [InlineData("saga", "retry_backoff:'linear'", "steps[0].retry_backoff")]
    [InlineData("saga", "retry_interval_max:0.0001", "steps[0].retry_interval_max")]
    [InlineData("saga", "request_timeout:86401", "steps[0].request_timeout")]
    [InlineData("saga", "timeout_to_fail:31622401", "steps[0].timeout_to_fail")]
    [InlineData("saga", "headers:{'a b': '1'}", "steps[0].headers")]
    [InlineData("saga", "headers:{'a':'1\\n2'}", "steps[0].headers")]
    [InlineData("saga", "give_up_after:1", "steps[0].give_up_after")]
    [InlineData("saga", "give_up_after_seconds:1", "steps[0].give_up_after_seconds")]
    [InlineData("saga", "compensate_policy:{retry_limit:1}", "steps[0].compensate_policy.retry_limit")]
    [InlineData("saga", "compensate_policy:{timeout_to_fail:1}", "steps[0].compensate_policy.timeout_to_fail")]
    [InlineData("saga", "compensate_policy:{give_up_after:-1}", "steps[0].compensate_policy.give_up_after")]
    [InlineData("saga", "compensate_policy:{headers:{'':'1'}}", "steps[0].compensate_policy.headers")]
    [InlineData("msg", "retry_limit:1", "steps[0].retry_limit")]
    [InlineData("msg", "timeout_to_fail:1", "steps[0].timeout_to_fail")]
    [InlineData("msg", "compensate_policy:{}", "steps[0].compensate_policy")]
    [InlineData("msg", "give_up_after:1000001", "steps[0].give_up_after")]
    [InlineData("msg", "give_up_after_seconds:-1", "steps[0].give_up_after_seconds")]
    [InlineData("saga", "}],give_up_after:-1,x:[{", "give_up_after")]
    [InlineData("saga", "}],give_up_after_seconds:31622401,x:[{", "give_up_after_seconds")]
    public void An_invalid_value_is_refused_by_its_name(string type, string step, string field)
    {
        var refused = Assert.Throws<RequestException>(() => Submission(type, step));
        Assert.StartsWith(field + ":", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_step_sets_is_of_its_call()
    {
        var branches = Submission("saga", "retry_limit:0,retry_interval:0.5,retry_backoff:'constant',"
            + "retry_interval_max:9,request_timeout:60,timeout_to_fail:30,headers:{'X-A':'1'},"
            + "compensate_policy:{give_up_after:3,give_up_after_seconds:60,request_timeout:2}").Branches;

        Assert.Equal(
            new CallPolicy
            {
                RetryLimit = 0,
                RetryInterval = TimeSpan.FromMilliseconds(500),
                Backoff = RetryBackoff.Constant,
                RetryIntervalMax = TimeSpan.FromSeconds(9),
                RequestTimeout = TimeSpan.FromMinutes(1),
                TimeoutToFail = TimeSpan.FromSeconds(30),
                Headers = branches[1].Policy!.Headers,
            },
            branches[1].Policy);
        Assert.Equal("1", branches[1].Policy!.Headers!["X-A"]);
        Assert.Equal(
            new CallPolicy
            {
                GiveUpAfter = 3,
                GiveUpAfterTime = TimeSpan.FromMinutes(1),
                RequestTimeout = TimeSpan.FromSeconds(2),
            },
            branches[0].Policy);
    }

    [Theory]
    [InlineData("")]
    [InlineData("retry_interval:0,request_timeout:0,headers:{},retry_backoff:'',compensate_policy:{}")]
    public void A_step_that_sets_nothing_has_no_policy(string step)
    {
        var submission = Submission("saga", step);
        Assert.All(submission.Branches, static b => Assert.Null(b.Policy));
        Assert.False(submission.Definition.Options.AreExtended());
    }

    [Fact]
    public void The_transaction_has_its_own_give_up_after()
    {
        var submission = Submission("tcc", "}],give_up_after:3,give_up_after_seconds:60,x:[{");
        var options = submission.Definition.Options;
        Assert.Equal((3, TimeSpan.FromMinutes(1)), (options.GiveUpAfter, options.GiveUpAfterTime));
        Assert.Equal(NamedOptions.GiveUpAfter | NamedOptions.GiveUpAfterTime, submission.Named);
    }

    /// <summary>The step is JSON without the quotes of names, and with single quotes of texts.</summary>
    private static Submission Submission(string type, string step)
    {
        var json = Regex.Replace(
            $"{{gid:'g',trans_type:'{type}',payloads:[''],steps:[{{{step}}}]}}", "([a-z_]+):", "'$1':")
            .Replace('\'', '"');
        var request = JsonSerializer.Deserialize(json, ProtocolJson.Default.TransactionRequest)!;
        return new RequestValidator(new RequestOptions()).Submission(
            request, "", prepare: false, DateTimeOffset.UnixEpoch);
    }
}
