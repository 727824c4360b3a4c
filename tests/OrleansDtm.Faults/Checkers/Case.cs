using System.Globalization;
using System.Text.RegularExpressions;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults.Checkers;

/// <summary>The history of one transaction, and of the machines during it.</summary>
internal sealed partial class Case
{
    /// <summary>
    /// The time after SIGCONT within which calls that a paused process had already started reach a service.
    /// </summary>
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(5);

    private readonly Weather _weather;
    private readonly Func<int, int> _balance;

    /// <param name="plan">The plan of the transaction.</param>
    /// <param name="mine">The events of the transaction, in order.</param>
    /// <param name="weather">The faults and their times.</param>
    /// <param name="balance">Returns the balance of a branch.</param>
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

    /// <summary>The calls that the coordinator made.</summary>
    public IReadOnlyList<Served> Calls { get; }

    public IReadOnlyDictionary<long, Replied> Replies { get; }

    public IReadOnlyDictionary<long, Asked> Asked { get; }

    public IReadOnlyList<Histories.Heard> Heard { get; }

    public IReadOnlyList<Seen> Rows { get; }

    public Told? Told { get; }

    /// <summary>The last known status of the row; null = there is no row.</summary>
    public string? End => Rows.Count > 0 ? Rows[^1].Status : null;

    public bool IsFinal => IsEnd(End);

    public string Reason => Told?.Reason ?? "";

    /// <summary>True if a silo's clock was an hour wrong at some time of the transaction.</summary>
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
    /// Returns true if a request that makes pending calls due was in flight between these times: resetNextCronTime, or
    /// one of several submits, because only the coordinator knows which of them came first.
    /// </summary>
    public bool WasHurried(TimeSpan from, TimeSpan to)
    {
        var repeats = Asked.Values.Count(static a => a.Word == "submit") > 1;
        return Asked.Values.Any(a => (a.Word == "retry" || (a.Word == "submit" && repeats))
            && a.At <= to
            && (Heard.FirstOrDefault(h => h.Request == a.Request)?.At ?? TimeSpan.MaxValue) >= from);
    }

    /// <summary>The earliest time at which the coordinator can know the transaction.</summary>
    public TimeSpan Created =>
        FirstAsked("prepare") < FirstAsked("submit") ? FirstAsked("prepare") : FirstAsked("submit");

    public TimeSpan Timeout => Plan.TimeoutToFail > 0 ? TimeSpan.FromSeconds(Plan.TimeoutToFail)
        : Plan.Type is "saga" or "workflow" ? TimeSpan.MaxValue
        : Bounds.TimeoutToFail;

    /// <summary>
    /// Returns true if a call of this name was answered with success before this place in the history.
    /// </summary>
    public bool HasSucceeded(string name, long before = long.MaxValue) =>
        Replies.Values.Any(r => r.Name == name && r.Answer == Answer.Success && r.Place < before);

    public bool HasAnswered(char letter, Answer answer) =>
        Replies.Values.Any(r => r.Name[0] == letter && r.Answer == answer);

    public bool HasArrived(string name, long before = long.MaxValue) =>
        Calls.Any(c => c.Name == name && c.Place < before);

    /// <summary>
    /// Returns true if the calling process had just continued after a pause. Nothing can stop a call between the check
    /// of the clock and the send, so only barriers help here.
    /// </summary>
    public bool IsEcho(Served call) => _weather.WentOn(call.Silo, call.At - Echo, call.At);

    /// <summary>Returns true if no fault was active between these times or shortly before.</summary>
    public bool IsCalm(TimeSpan from, TimeSpan to) => !_weather.Overlaps(null, from - Bounds.Settled, to);

    /// <summary>Returns true if the silo's process did not start, end, pause or continue between these times.</summary>
    public bool IsSame(string silo, TimeSpan from, TimeSpan to) => _weather.IsSame(silo, from, to);

    /// <summary>Returns true if the silo's process ended between these times.</summary>
    public bool HasDied(string silo, TimeSpan from, TimeSpan to) => _weather.HasDied(silo, from, to);

    /// <summary>Returns the status that a response names; null = none.</summary>
    public static string? Named(string text) =>
        Status().Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("current status '([a-z]+)'")]
    private static partial Regex Status();
}
