using System.Collections.Immutable;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace OrleansDtm.Tests.Core;

/// <summary>A random saga and what the world does to it. Prints as it can be read and shrinks to the fewest words and events.</summary>
/// <param name="Saga">In the words of <see cref="SagaRun"/>.</param>
/// <param name="Kindness">How many answers of a hundred are successes.</param>
/// <param name="Script">One number per event; <see cref="SagaModel"/> makes of it what is possible just then.</param>
public sealed record SagaCase(string Saga, int Kindness, ImmutableArray<int> Script)
{
    private const int ScriptMax = 80;

    public static Arbitrary<SagaCase> Arbitrary { get; } = Arb.From(Cases(), Shrink);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"saga '{Saga}', kindness {Kindness}, script [{string.Join(", ", Script)}]");

    private static Gen<SagaCase> Cases() =>
        from steps in Gen.Choose(1, 6)
        from concurrent in Gen.Elements(false, true)
        from orders in concurrent ? Orders(steps) : Gen.Constant("")
        from empty in Empty(steps)
        from interval in Gen.Elements(" interval=0.1", " interval=1", " interval=2.5", " interval=0.0015")
        from max in Gen.Elements(" max=0.5", " max=4", " max=600")
        from timeout in Gen.Elements("", "", " timeout=2", " timeout=20", " timeout=300")
        from limit in Gen.Elements("", "", "", " limit=1", " limit=4")
        from kindness in Gen.Choose(20, 98)
        from length in Gen.Choose(0, ScriptMax)
        from script in Gen.ListOf(Gen.Choose(0, 999_999), length)
        select new SagaCase(
            steps.ToString(CultureInfo.InvariantCulture) + (concurrent ? " concurrent" : "") + orders + empty + interval + max + timeout + limit,
            kindness,
            [.. script]);

    /// <summary>Each step after some of those before it in a random sequence, so that no step waits for itself.</summary>
    private static Gen<string> Orders(int steps) =>
        from sequence in Gen.Shuffle(Enumerable.Range(0, steps))
        from picks in Gen.ListOf(Gen.Choose(0, 2), steps * steps)
        select string.Concat(Enumerable.Range(1, steps - 1)
            .Select(i => (Step: sequence[i], Before: sequence[..i].Where((_, j) => picks[(i * steps) + j] == 0)))
            .Where(static order => order.Before.Any())
            .Select(static order => string.Create(CultureInfo.InvariantCulture, $" {order.Step}<{string.Join(',', order.Before)}")));

    private static Gen<string> Empty(int steps) =>
        from of6 in Gen.Elements(0, 0, 1, 4)
        from picks in Gen.ListOf(Gen.Choose(0, 5), 2 * steps)
        let names = Enumerable.Range(0, 2 * steps).Where(i => picks[i] < of6).Select(SagaRun.Name).ToList()
        select names.Count == 0 ? "" : " empty=" + string.Join(',', names);

    private static IEnumerable<SagaCase> Shrink(SagaCase whole)
    {
        for (var length = whole.Script.Length; length > 0; length /= 2)
        {
            for (var at = 0; at + length <= whole.Script.Length; at += length)
            {
                yield return whole with { Script = whole.Script.RemoveRange(at, length) };
            }
        }

        var words = whole.Saga.Split(' ');
        for (var i = 1; i < words.Length; i++)
        {
            yield return whole with { Saga = string.Join(' ', words.Where((_, j) => j != i)) };
        }

        var steps = int.Parse(words[0], CultureInfo.InvariantCulture);
        if (steps > 1 && words.All(static w => !w.Contains('<') && !w.StartsWith("empty", StringComparison.Ordinal)))
        {
            words[0] = (steps - 1).ToString(CultureInfo.InvariantCulture);
            yield return whole with { Saga = string.Join(' ', words) };
        }
    }
}
