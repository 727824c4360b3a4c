using OrleansDtm.Faults.Checkers;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults.Tests;

/// <summary>A handwritten history. Each event is 0.1 s after the previous one, plus explicit delays.</summary>
internal sealed class Tale(TransactionPlan plan)
{
    private readonly List<Happening> _mine = [];
    private readonly List<Happening> _machines = [];
    private readonly Dictionary<int, int> _balances = [];
    private TimeSpan _now = TimeSpan.FromSeconds(100);
    private long _number;
    private long _place;
    private long _version;

    public static TransactionPlan Plan(string type, int steps = 2) =>
        new() { Gid = "g", Type = type, Steps = steps, Prepares = type is not "saga" };

    /// <summary>A saga of two steps that succeeds.</summary>
    public static Tale Saga() =>
        new Tale(Plan("saga")).Row("submitted").Say("submit").Calls("a0", "a1").Row("succeed").Left(1, 1);

    public Tale After(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        return this;
    }

    /// <summary>Adds a request and its response.</summary>
    public Tale Say(string word, int code = 200, string text = "", bool wait = false)
    {
        var request = ++_number;
        return Add(new Asked(request, word, wait, "A")).Add(new Histories.Heard(request, word, wait, code, text));
    }

    /// <summary>Adds a call of silo A for each name, answered with success.</summary>
    public Tale Calls(params string[] names) =>
        names.Aggregate(this, static (tale, name) => tale.Call(name, Answer.Success));

    public Tale Call(string name, Answer answer, string silo = "A")
    {
        var call = ++_number;
        return Add(new Served(call, name, "", "", silo)).Add(new Replied(call, name, answer, ""));
    }

    /// <summary>Adds a call without a response.</summary>
    public Tale Hanging(string name, string silo) => Add(new Served(++_number, name, "", "", silo));

    public Tale Row(string status, long? version = null)
    {
        _version = version ?? _version + 1;
        return Add(new Seen(status, _version, Case.IsEnd(status) ? 1 : null));
    }

    public Tale Work(string what) => Add(new LocalWork(what));

    public Tale Machine(Happening what)
    {
        _machines.Add(what with { At = Next(), Place = ++_place });
        return this;
    }

    /// <summary>Sets the balances of the branches.</summary>
    public Tale Left(params int[] balances)
    {
        for (var i = 0; i < balances.Length; i++)
        {
            _balances[i] = balances[i];
        }

        return this;
    }

    /// <summary>
    /// Returns the violations that the checkers find if the API reports the row's status and these branches.
    /// </summary>
    public IReadOnlyList<Violation> Judge(params string[] branches)
    {
        var last = _mine.OfType<Seen>().LastOrDefault();
        Add(new Told(last?.Status, "", [.. branches.Select(static b => new ToldBranch(b, "", "succeed"))]));
        var seen = new Case(plan, _mine, new Weather(_machines), b => _balances.GetValueOrDefault(b));
        return
        [
            .. from check in AllChecks.Each
               where check.Applies(seen)
               from what in check.Judge(seen)
               select new Violation(check.Name, plan.Gid, what),
        ];
    }

    private Tale Add(Happening happening)
    {
        _mine.Add(happening with { At = Next(), Place = ++_place, Gid = plan.Gid });
        return this;
    }

    private TimeSpan Next() => _now += TimeSpan.FromSeconds(0.1);
}
