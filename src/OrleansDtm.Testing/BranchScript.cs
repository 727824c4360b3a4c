using System.Globalization;
using OrleansDtm.Testing.Calls;
using OrleansDtm.Testing.Journals;

namespace OrleansDtm.Testing;

/// <summary>
/// Scripts the calls of a branch: each entry applies to one call, in order; then the branch is called normally. Each
/// transaction goes through the script by itself. Thread-safe.
/// </summary>
public sealed class BranchScript
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);

    internal BranchScript(string url, string? gid) => (Url, Gid) = (url, gid);

    /// <summary>The URL of the branch; one that ends with <c>/*</c> stands for all below it.</summary>
    public string Url { get; }

    /// <summary>The only transaction that it applies to; null = all.</summary>
    public string? Gid { get; }

    /// <summary>The next calls answer HTTP status 500, without reaching the branch.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript FailsTimes(int times) =>
        Add(times, "fails", FaultKind.Fails, "HTTP status 500: scripted failure");

    /// <summary>The next calls answer ONGOING, without reaching the branch.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript AnswersOngoing(int times = 1) =>
        Add(times, "answers ONGOING", FaultKind.AnswersOngoing, "scripted ONGOING");

    /// <summary>The next calls get no answer within the timeout, and do not reach the branch.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript TimesOut(int times = 1) =>
        Add(times, "times out", FaultKind.TimesOut, "no answer within the request timeout");

    /// <summary>The branch runs in the next calls, but its answers are lost.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript LosesAnswer(int times = 1) =>
        Add(times, "loses the answer", FaultKind.LosesAnswer, "the answer was lost");

    /// <summary>The next calls arrive twice, one after the other; the caller hears the first answer.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript DeliversTwice(int times = 1) => Add(times, "arrives twice", FaultKind.DeliversTwice, "");

    /// <summary>
    /// The next calls arrive after a delay of virtual time. If it is not shorter than the request timeout, the caller
    /// hears nothing and calls again, and the late call still arrives.
    /// </summary>
    /// <param name="delay">Greater than zero.</param>
    /// <param name="times">The number of calls.</param>
    public BranchScript ArrivesLate(TimeSpan delay, int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(delay, TimeSpan.Zero);
        return Add(
            times, $"arrives {TimelineText.Span(delay)} late", FaultKind.ArrivesLate, "no answer in time", delay);
    }

    /// <summary>The next calls answer FAILURE, without reaching the branch: an action is rolled back.</summary>
    /// <param name="reason">The rollback reason.</param>
    /// <param name="times">The number of calls.</param>
    public BranchScript Refuses(string reason = "scripted refusal", int times = 1)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return Add(times, "refuses", FaultKind.Refuses, reason);
    }

    /// <summary>The next calls reach the branch normally.</summary>
    /// <param name="times">The number of calls.</param>
    public BranchScript Answers(int times = 1) => Add(times, "", FaultKind.None, "");

    internal bool Matches(string url, string gid) =>
        (Gid is null || Gid == gid)
        && (Url.EndsWith("/*", StringComparison.Ordinal)
            ? url.StartsWith(Url[..^1], StringComparison.OrdinalIgnoreCase)
            : string.Equals(Url, url, StringComparison.OrdinalIgnoreCase));

    /// <returns>Null = the transaction is through the script.</returns>
    internal Fault? Next(string gid)
    {
        lock (_gate)
        {
            var position = _positions.GetValueOrDefault(gid);
            if (position == _faults.Count)
            {
                return null;
            }

            _positions[gid] = position + 1;
            return _faults[position];
        }
    }

    private BranchScript Add(int times, string name, FaultKind kind, string text, TimeSpan delay = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        lock (_gate)
        {
            for (var i = 1; i <= times; i++)
            {
                var numbered = times == 1 || name.Length == 0
                    ? name
                    : string.Create(CultureInfo.InvariantCulture, $"{name} ({i} of {times})");
                _faults.Add(new Fault(kind, text, delay, numbered));
            }
        }

        return this;
    }
}
