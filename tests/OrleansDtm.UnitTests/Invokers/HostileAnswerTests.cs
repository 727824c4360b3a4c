using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>Every response of a branch maps to an outcome.</summary>
public sealed class HostileAnswerTests
{
    [Theory]
    [InlineData("{\"\\ud800ror\":{\"code\":-32901}}")]
    [InlineData("{\"error\":{\"\\udc00\":1,\"code\":\"x\"}}")]
    [InlineData("{\"error\":{\"code\":1e999}}")]
    [InlineData("[[[[")]
    public void A_JSON_RPC_answer_that_makes_no_sense_is_worth_a_retry(string body) =>
        Assert.Equal(
            OutcomeKind.Unknown, OutcomeRules.FromJsonRpc(200, Encoding.UTF8.GetBytes(body), whole: true).Kind);
}
