using System.Collections.Immutable;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>A random transaction with its script of events. Shrinks to the fewest words and events.</summary>
/// <param name="Type">The pattern.</param>
/// <param name="Words">
/// The transaction in the words of <see cref="TransactionRun"/>; "plain" at the end = submitted without a prepare.
/// </param>
/// <param name="Kindness">The percentage of successful responses.</param>
/// <param name="Script">
/// One number for each event. <see cref="World"/> maps it to an event that is possible at that time.
/// </param>
public sealed record WorldCase(TransactionType Type, string Words, int Kindness, ImmutableArray<int> Script)
{
    private const int ScriptMax = 80;

    public static Arbitrary<WorldCase> Arbitrary(TransactionType type) => Arb.From(Cases(type), Shrink);

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Names.Of(Type)} '{Words}', kindness {Kindness}, script [{string.Join(", ", Script)}]");

    private static Gen<WorldCase> Cases(TransactionType type) =>
        from branches in Gen.Choose(0, 6)
        from special in type == TransactionType.Saga
            ? Saga(branches)
            : type == TransactionType.Msg
            ? Msg()
            : Prepared(type)
        from empty in Empty(type, branches)
        from interval in Gen.Elements(" interval=0.1", " interval=1", " interval=2.5", " interval=0.0015")
        from max in Gen.Elements(" max=0.5", " max=4", " max=600")
        from plain in Gen.Elements("", "", type == TransactionType.Msg ? " plain" : "")
        from kindness in Gen.Choose(20, 98)
        from length in Gen.Choose(0, ScriptMax)
        from script in Gen.ListOf(Gen.Choose(0, 999_999), length)
        select new WorldCase(
            type,
            branches.ToString(CultureInfo.InvariantCulture) + special + empty + interval + max + plain,
            kindness,
            [.. script]);

    private static Gen<string> Saga(int steps) =>
        from concurrent in Gen.Elements(false, true)
        from orders in concurrent ? Orders(steps) : Gen.Constant("")
        from timeout in Gen.Elements("", "", " timeout=2", " timeout=20", " timeout=300")
        from limit in Gen.Elements("", "", "", " limit=1", " limit=4")
        select (concurrent ? " concurrent" : "") + orders + timeout + limit;

    private static Gen<string> Msg() =>
        from concurrent in Gen.Elements("", " concurrent")
        from timeout in Gen.Elements("", " timeout=2", " timeout=20")
        from delay in Gen.Elements("", "", " delay=1", " delay=30")
        select concurrent + timeout + delay;

    private static Gen<string> Prepared(TransactionType type) => type == TransactionType.Workflow
        ? Gen.Elements("", "", "", " noask", " empty=w0")
        : Gen.Elements("", " timeout=2", " timeout=20", " timeout=300");

    /// <summary>Draws predecessors from a random order of the steps, so that there are no cycles.</summary>
    private static Gen<string> Orders(int steps) =>
        from sequence in Gen.Shuffle(Enumerable.Range(0, steps))
        from picks in Gen.ListOf(Gen.Choose(0, 2), steps * steps)
        select string.Concat(Enumerable.Range(1, Math.Max(0, steps - 1))
            .Select(i => (Step: sequence[i], Before: sequence[..i].Where((_, j) => picks[(i * steps) + j] == 0)))
            .Where(static order => order.Before.Any())
            .Select(static order => string.Create(
                CultureInfo.InvariantCulture, $" {order.Step}<{string.Join(',', order.Before)}")));

    private static Gen<string> Empty(TransactionType type, int branches)
    {
        var layout = Layout.Of(type);
        var calls = type == TransactionType.Workflow ? 0 : branches * layout.Calls.Length;
        return from of6 in Gen.Elements(0, 0, 1, 4)
               from picks in Gen.ListOf(Gen.Choose(0, 5), calls)
               let names = Enumerable.Range(0, calls).Where(i => picks[i] < of6).Select(layout.Name).ToList()
               select names.Count == 0 ? "" : " empty=" + string.Join(',', names);
    }

    private static IEnumerable<WorldCase> Shrink(WorldCase whole)
    {
        for (var length = whole.Script.Length; length > 0; length /= 2)
        {
            for (var at = 0; at + length <= whole.Script.Length; at += length)
            {
                yield return whole with { Script = whole.Script.RemoveRange(at, length) };
            }
        }

        var words = whole.Words.Split(' ');
        for (var i = 1; i < words.Length; i++)
        {
            yield return whole with { Words = string.Join(' ', words.Where((_, j) => j != i)) };
        }

        var branches = int.Parse(words[0], CultureInfo.InvariantCulture);
        if (branches > 1 && words.All(static w => !w.Contains('<') && !w.StartsWith("empty", StringComparison.Ordinal)))
        {
            words[0] = (branches - 1).ToString(CultureInfo.InvariantCulture);
            yield return whole with { Words = string.Join(' ', words) };
        }
    }
}
