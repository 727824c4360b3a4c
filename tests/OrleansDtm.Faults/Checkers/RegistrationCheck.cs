using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that an accepted branch is called, that a rejected one is not, and that no branch is accepted after the
/// decision.
/// </summary>
internal sealed class RegistrationCheck : Check
{
    public override string Name => "06 no branch is lost";

    public override bool Applies(Case seen) =>
        seen.IsFinal && seen.Plan.Type is "tcc" or "xa" or "workflow" && seen.Heard.Any(IsRegistration);

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var heard in seen.Heard.Where(IsRegistration).GroupBy(static h => h.Word))
        {
            var branch = Bodies.Branch(heard.Key);
            var isThere = seen.Told?.Branches.Any(b => b.Id == BranchAddress.Id(branch)) == true;
            if (heard.FirstOrDefault(static h => h.Code == 200) is { } accepted)
            {
                if (!isThere)
                {
                    yield return $"{heard.Key} was accepted, and the branch is not there";
                }
                else if (seen.Plan.Type != "workflow"
                    && !seen.HasSucceeded((seen.End == "succeed" ? "f" : "b") + branch))
                {
                    yield return $"{heard.Key} was accepted, and the branch was never called to its end";
                }

                var decided = seen.Heard.FirstOrDefault(
                    static h => h is { Code: 200, Word: "submit" or "abort" or "succeed" or "fail" });
                var isNew = heard.All(h => decided is null || seen.Asked[h.Request].Place > decided.Place);
                if (decided is not null && isNew)
                {
                    yield return $"{heard.Key} was accepted after the decision";
                }
            }
            else if (heard.All(static h => h.Code is >= 400 and < 500)
                && seen.Asked.Values.Count(a => a.Word == heard.Key) == heard.Count()
                && seen.HasArrived($"f{branch}"))
            {
                yield return $"{heard.Key} was refused, and yet the branch goes forward";
            }
        }
    }

    private static bool IsRegistration(Histories.Heard heard) =>
        heard.Word.StartsWith("reg", StringComparison.Ordinal)
        || heard.Word.StartsWith("late", StringComparison.Ordinal);
}
