using System.Globalization;
using System.Text.RegularExpressions;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults.Checkers;

/// <summary>What was seen of one transaction, and of the machines around it.</summary>
internal sealed partial class Case
{
    /// <summary>What a paused process had on its lips reaches a service within this after it goes on.</summary>
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(5);

    private readonly Weather _weather;
    private readonly Func<int, int> _balance;

    /// <param name="plan">As it was meant.</param>
    /// <param name="mine">What concerns it, in order.</param>
    /// <param name="weather">What went wrong, and when.</param>
    /// <param name="balance">What is left of each branch.</param>
    public Case(TransactionPlan plan, IReadOnlyList<Happening> mine, Weather weather, Func<int, int> balance)
    {
        (Plan, Mine, _weather, _balance) = (plan, mine, weather, balance);
        Calls = [.. mine.OfType<Served>().Where(static c => c.Silo != "client")];
        Replies = mine.OfType<Replied>().ToDictionary(static r => r.Call);
        Asked = mine.OfType<Asked>().ToDictionary(static a => a.Request);
        Heard = [.. mine.OfType<Histories.Heard>()];
        Rows = [.. mine.OfType<Seen>()];
        Told = mine.OfType<Told>().LastOrDefault();
    }

    public TransactionPlan Plan { get; }

    public IReadOnlyList<Happening> Mine { get; }

    /// <summary>Of the coordinator.</summary>
    public IReadOnlyList<Served> Calls { get; }

    public IReadOnlyDictionary<long, Replied> Replies { get; }

    public IReadOnlyDictionary<long, Asked> Asked { get; }

    public IReadOnlyList<Histories.Heard> Heard { get; }

    public IReadOnlyList<Seen> Rows { get; }

    public Told? Told { get; }

    /// <summary>Of the row at last; null = there is none.</summary>
    public string? End => Rows.Count > 0 ? Rows[^1].Status : null;

    public bool IsFinal => IsEnd(End);

    public string Reason => Told?.Reason ?? "";

    /// <summary>A process whose clock was an hour wrong may have had a hand in it.</summary>
    public bool HadWrongClock => _weather.Overlaps("clock", Mine[0].At, Mine[^1].At);

    public bool WasAccepted =>
        Rows.Count > 0 || Heard.Any(static h => h.Code == 200 && h.Word is "prepare" or "submit");

    public static bool IsEnd(string? status) => status is "succeed" or "failed";

    public static int Number(string name) => int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture);

    public int Balance(int branch) => _balance(branch);

    public bool WasAsked(string word) => Asked.Values.Any(a => a.Word == word);

    public TimeSpan FirstAsked(string word) =>
        Asked.Values.Where(a => a.Word == word).Select(static a => a.At).DefaultIfEmpty(TimeSpan.MaxValue).Min();

    /// <summary>
    /// A request that makes waiting calls at once was under way between these times: resetNextCronTime, or one of
    /// several submits (which of them came first only the coordinator knows).
    /// </summary>
    public bool WasHurried(TimeSpan from, TimeSpan to)
    {
        var repeats = Asked.Values.Count(static a => a.Word == "submit") > 1;
        return Asked.Values.Any(a => (a.Word == "retry" || (a.Word == "submit" && repeats))
            && a.At <= to
            && (Heard.FirstOrDefault(h => h.Request == a.Request)?.At ?? TimeSpan.MaxValue) >= from);
    }

    /// <summary>When the coordinator can first have known of it.</summary>
    public TimeSpan Created =>
        FirstAsked("prepare") < FirstAsked("submit") ? FirstAsked("prepare") : FirstAsked("submit");

    public TimeSpan Timeout => Plan.TimeoutToFail > 0 ? TimeSpan.FromSeconds(Plan.TimeoutToFail)
        : Plan.Type is "saga" or "workflow" ? TimeSpan.MaxValue
        : Bounds.TimeoutToFail;

    /// <summary>A call of this name was answered with success before this place in the history.</summary>
    public bool HasSucceeded(string name, long before = long.MaxValue) =>
        Replies.Values.Any(r => r.Name == name && r.Answer == Answer.Success && r.Place < before);

    public bool HasAnswered(char letter, Answer answer) =>
        Replies.Values.Any(r => r.Name[0] == letter && r.Answer == answer);

    public bool HasArrived(string name, long before = long.MaxValue) =>
        Calls.Any(c => c.Name == name && c.Place < before);

    /// <summary>
    /// Its process had been stopped in the middle of something, and was just going on: between its last look at the
    /// clock and the wire nothing can hold it back. That is what barriers are for.
    /// </summary>
    public bool IsEcho(Served call) => _weather.WentOn(call.Silo, call.At - Echo, call.At);

    /// <summary>Nothing was wrong anywhere, nor had been just before.</summary>
    public bool IsCalm(TimeSpan from, TimeSpan to) => !_weather.Overlaps(null, from - Bounds.Settled, to);

    /// <summary>Nothing happened to the silo.</summary>
    public bool IsSame(string silo, TimeSpan from, TimeSpan to) => _weather.IsSame(silo, from, to);

    /// <summary>The status that an answer names; null = none.</summary>
    public static string? Named(string text) =>
        Status().Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("current status '([a-z]+)'")]
    private static partial Regex Status();
}
