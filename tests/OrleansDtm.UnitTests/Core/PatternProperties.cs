using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Random transactions of every pattern in a random environment. A failure prints the seed of the run and of its
/// failing case: <c>CORE_REPLAY=(seed,gamma)</c> or <c>(seed,gamma,size)</c> repeats it. <c>CORE_CASES</c> sets the
/// number of cases.
/// </summary>
public sealed class PatternProperties
{
    private const int Cases = 3_000;

    [Theory]
    [InlineData(TransactionType.Saga)]
    [InlineData(TransactionType.Msg)]
    [InlineData(TransactionType.Tcc)]
    [InlineData(TransactionType.Xa)]
    [InlineData(TransactionType.Workflow)]
    public void Every_transaction_keeps_the_laws_and_ends(TransactionType type) =>
        Prop.ForAll(WorldCase.Arbitrary(type), static given => { new World(given).Play(); }).Check(Settings());

    [Theory]
    [InlineData(
        TransactionType.Saga,
        Ending.Succeeded,
        Ending.Refused,
        Ending.TimedOut,
        Ending.RetriedTooOften,
        Ending.Stopped)]
    [InlineData(TransactionType.Msg, Ending.Succeeded, Ending.Refused, Ending.Aborted, Ending.Stopped)]
    [InlineData(TransactionType.Tcc, Ending.Succeeded, Ending.Aborted, Ending.TimedOut, Ending.Stopped)]
    [InlineData(TransactionType.Xa, Ending.Succeeded, Ending.Aborted, Ending.TimedOut, Ending.Stopped)]
    [InlineData(TransactionType.Workflow, Ending.Succeeded, Ending.Refused, Ending.Stopped)]
    public void The_cases_reach_every_ending_and_no_other(TransactionType type, params Ending[] endings)
    {
        var reached = WorldCase.Arbitrary(type).Generator.Sample(Cases)
            .Select(static given => new World(given).Play())
            .ToLookup(static ending => ending);

        // The rarest is about one in 70; the sample is random.
        Assert.All(endings, ending => Assert.InRange(reached[ending].Count(), Cases / 250, Cases));
        Assert.Equal(endings, reached.Select(static e => e.Key).Order());
    }

    private static Config Settings()
    {
        var settings = Config.QuickThrowOnFailure.WithMaxTest(Number("CORE_CASES") ?? Cases);
        if (Environment.GetEnvironmentVariable("CORE_REPLAY") is not { Length: > 0 } replay)
        {
            return settings;
        }

        var parts = replay.Trim('(', ')').Split(',');
        var random = new Rnd(
            ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
        return settings.WithReplay(
            new Replay(random, parts.Length < 3 ? null : int.Parse(parts[2], CultureInfo.InvariantCulture)));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
