namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that no compensation overtakes an orphaned action: one whose caller has died and that the service still works
/// on. The next owner must wait for the end of the dead process's lease, which covers at least half of a timeout.
/// </summary>
internal sealed class OrphanCheck : Check
{
    /// <summary>The tolerance for the way of the action from its decision to the service.</summary>
    private static readonly TimeSpan Way = TimeSpan.FromSeconds(0.5);

    public override string Name => "21 no compensation overtakes";

    public override bool Applies(Case seen) => seen.Plan.Type == "saga" && seen.Calls.Any(static c => c.Name[0] == 'c');

    public override IEnumerable<string> Judge(Case seen)
    {
        var least = TimeSpan.FromSeconds(seen.Plan.RequestTimeout / 2.0) - Way;
        foreach (var compensation in seen.Calls.Where(static c => c.Name[0] == 'c'))
        {
            var orphans = seen.Calls.Where(action => action.Name == "a" + compensation.Name[1..]
                && action.Place < compensation.Place
                && !(seen.Replies.TryGetValue(action.Call, out var reply) && reply.Place < compensation.Place)
                && seen.HasDied(action.Silo, action.At, compensation.At)
                && compensation.At < action.At + least);
            foreach (var action in orphans)
            {
                yield return $"{compensation.Name} is called {(compensation.At - action.At).TotalSeconds:0.00} s after "
                    + $"{action.Name} (call {action.Call}), whose caller {action.Silo} died and which is still at work";
            }
        }
    }
}
