using System.Text;
using OrleansDtm.Fuzz.Engine;
using Xunit;

namespace OrleansDtm.Fuzz.Tests;

/// <summary>
/// A fuzzer that cannot find anything would look like a program without defects. These tests check that it finds some.
/// </summary>
public sealed class EngineTests
{
    private static readonly IReadOnlyList<byte[]> Known = Corpus.Texts(
        """{"gid":"g1","steps":[{"action":"a"}],"n":12}""");

    [Theory]
    [InlineData("throws")]
    [InlineData("says so")]
    [InlineData("hangs")]
    public async Task A_fault_is_found(string fault)
    {
        var campaign = new Campaign(1, static _ => { }, TimeSpan.FromSeconds(0.3));
        await campaign.Run([new Faulty(fault)], inputs: 400, TestContext.Current.CancellationToken);

        var finding = Assert.Single(campaign.Findings);
        Assert.Equal("faulty", finding.Target);
        Assert.Contains(fault == "hangs" ? "no end after" : "not that word", finding.What, StringComparison.Ordinal);
        Assert.NotEmpty(finding.Input);
    }

    [Fact]
    public void A_seed_makes_the_same_inputs_each_time()
    {
        Assert.Equal(Some(7), Some(7));
        Assert.NotEqual(Some(7), Some(8));

        static string Some(int seed)
        {
            var mutator = new Mutator(new Random(seed));
            return string.Concat(Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(mutator.Next(Known))));
        }
    }

    /// <summary>A target that fails on one word.</summary>
    private sealed class Faulty(string fault) : Target("faulty", Known)
    {
        private bool _hung;

        public override async Task<string?> Try(byte[] input, CancellationToken cancel)
        {
            if (!Encoding.Latin1.GetString(input).Contains("null", StringComparison.Ordinal) || _hung)
            {
                return null;
            }

            switch (fault)
            {
                case "throws":
                    throw new InvalidOperationException("not that word");
                case "hangs":
                    _hung = true;
                    await Task.Delay(Timeout.Infinite, cancel);
                    return null;
                default:
                    return "not that word";
            }
        }
    }
}
