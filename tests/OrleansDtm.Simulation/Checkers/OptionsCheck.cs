using OrleansDtm.Core;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a row has the options of its prepare until the submit, then those of the submit, through every takeover.
/// </summary>
internal sealed class OptionsCheck : Check
{
    /// <summary>The default in seconds, if a plan has 0.</summary>
    private const double RetryIntervalDefault = 4;
    private const double RequestTimeoutDefault = 3;

    public override string Name => "17 the submit's options";

    public override IEnumerable<string> Judge(Case seen)
    {
        var plan = seen.Transaction;
        var shortest = plan.TimeoutToFail > 0
            ? Math.Min(RetryIntervalDefault, plan.TimeoutToFail)
            : RetryIntervalDefault;
        var prepared = new SubmitPlan(
            plan.RetryInterval > 0 ? plan.RetryInterval : shortest,
            plan.RequestTimeout > 0 ? plan.RequestTimeout : RequestTimeoutDefault,
            plan.Type == TransactionType.Msg ? plan.Delay : 0);
        var expected = prepared;
        var isPrepared = true;
        foreach (var row in seen.Rows)
        {
            var (state, options) = (row.State, row.State.Definition.Options);
            if (isPrepared && state.Status is TransactionStatus.Submitted or TransactionStatus.Succeed)
            {
                isPrepared = false;
                var asked = state.Query?.Status == BranchStatus.Succeed; // query_prepared may have submitted it.
                expected = asked && Of(options) == prepared ? prepared : plan.AtSubmit ?? prepared;
            }

            if (isPrepared
                && state.Status == TransactionStatus.Failed
                && seen.WasStopped
                && plan.AtSubmit is { } submitted)
            {
                isPrepared = false; // A submit and a force stop in one write.
                expected = Of(options) == submitted ? submitted : expected;
            }

            if (Of(options) != expected)
            {
                yield return $"version {state.Version} has {Of(options)}, expected was {expected}";
            }
        }
    }

    private static SubmitPlan Of(TransactionOptions options) =>
        new(options.RetryInterval.TotalSeconds, options.RequestTimeout.TotalSeconds, options.Delay.TotalSeconds);
}
