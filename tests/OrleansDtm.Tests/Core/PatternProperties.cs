using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace OrleansDtm.Tests.Core;

/// <summary>
/// Random sagas in a random world. A failure prints the seed of the run and of its failing case: <c>SAGA_REPLAY=(seed,gamma)</c> or
/// <c>(seed,gamma,size)</c> repeats it. <c>SAGA_CASES</c> sets how many cases are tried.
/// </summary>
public sealed class SagaProperties
{
    private const int Cases = 3_000;

    [Fact]
    public void Every_saga_keeps_the_laws_and_ends() =>
        Prop.ForAll(SagaCase.Arbitrary, static given => { new SagaModel(given).Play(); }).Check(Settings());

    [Fact]
    public void The_cases_reach_every_ending()
    {
        var endings = SagaCase.Arbitrary.Generator.Sample(Cases).Select(static given => new SagaModel(given).Play()).ToLookup(static e => e);

        Assert.All(Enum.GetValues<SagaEnding>(), ending => Assert.InRange(endings[ending].Count(), Cases / 100, Cases));
    }

    private static Config Settings()
    {
        var settings = Config.QuickThrowOnFailure.WithMaxTest(Number("SAGA_CASES") ?? Cases);
        if (Environment.GetEnvironmentVariable("SAGA_REPLAY") is not { Length: > 0 } replay)
        {
            return settings;
        }

        var parts = replay.Trim('(', ')').Split(',');
        var random = new Rnd(ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
        return settings.WithReplay(new Replay(random, parts.Length < 3 ? null : int.Parse(parts[2], CultureInfo.InvariantCulture)));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
