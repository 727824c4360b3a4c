using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Services;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that what a call has of other results is what the action answered that is stored as its success, the same in
/// each attempt, that a stored result never changes, and that only a part that no answer has fails a step.
/// </summary>
internal sealed class ResultCheck : Check
{
    public override string Name => "24 results";

    public override IEnumerable<string> Judge(Case seen) =>
        seen.Transaction.Results ? Stored(seen).Concat(Sent(seen)).Concat(Refused(seen)) : [];

    private static IEnumerable<string> Stored(Case seen)
    {
        for (var step = 0; step < seen.Transaction.Steps; step++)
        {
            var name = Action(step);
            string? kept = null;
            foreach (var row in seen.Rows)
            {
                var action = seen.In(row.State, name);
                var now = Text(action);
                if (kept is not null && now != kept)
                {
                    yield return $"version {row.State.Version}: the result of {name} was {kept} and is {now}";
                }

                kept ??= now;
                if (now is null
                    && action?.Status == BranchStatus.Succeed
                    && action.History[^1].Error?.StartsWith("resolved by hand", StringComparison.Ordinal) != true)
                {
                    yield return $"version {row.State.Version}: {name} has succeeded and has no result";
                }
            }

            if (kept is not null && !seen.Calls.Any(c => c.Name == name
                && seen.Ends.GetValueOrDefault(c.Call)?.Outcome == OutcomeKind.Succeeded
                && Answer(seen, c) == kept))
            {
                yield return $"the result of {name} is {kept}, which no successful call answered";
            }
        }
    }

    private static IEnumerable<string> Sent(Case seen)
    {
        foreach (var call in seen.Calls.Where(static c => c.Owner != 0 && c.Name[0] is 'a' or 'c'))
        {
            if (call.Name == seen.Transaction.Lacks)
            {
                yield return $"{call.Name} is called although its payload lacks a part";
                continue;
            }

            using var payload = JsonDocument.Parse(call.Payload);
            var uses = payload.RootElement.GetProperty("uses");
            var row = seen.Before(call)?.State;
            foreach (var step in seen.Transaction.Uses.GetValueOrDefault(call.Name, []))
            {
                var sent = uses.GetProperty(step.ToString(CultureInfo.InvariantCulture)).GetString();
                var action = row is null ? null : seen.In(row, Action(step));
                var kept = Text(action) is { } text ? JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()
                    : null;
                if (sent != kept || (sent is null && call.Name[0] == 'a'))
                {
                    yield return $"{call.Name} is called with '{sent}' of step {step}, whose result is '{kept}'";
                }
            }
        }
    }

    private static IEnumerable<string> Refused(Case seen)
    {
        const string Mark = "the result of step ";
        foreach (var row in seen.Rows)
        {
            foreach (var error in row.State.Branches.Select(static b => b.LastError).Append(row.State.RollbackReason))
            {
                if (error?.Contains(Mark, StringComparison.Ordinal) == true
                    && (seen.Transaction.Lacks is null
                        || !error.Contains("has no /nothing", StringComparison.Ordinal)))
                {
                    yield return $"version {row.State.Version}: {error}";
                }
            }
        }
    }

    private static string Answer(Case seen, Called call) => JsonSerializer.Serialize(
        new { id = BranchServices.AnswerOf(seen.Transaction.Gid, call.Name, call.Call) });

    private static string? Text(BranchOp? action) =>
        action?.Result is { } result ? Encoding.UTF8.GetString(result.Body.Span) : null;

    private static string Action(int step) => string.Create(CultureInfo.InvariantCulture, $"a{step}");
}
