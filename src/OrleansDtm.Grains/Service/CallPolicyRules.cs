using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Validates what a step sets for its calls. Unlike DTM's own options, a value above the maximum is refused.
/// </summary>
internal static class CallPolicyRules
{
    private const double RetrySecondsMax = 7 * 86400.0;
    private const double RequestSecondsMax = 86400.0;
    private const double TimeoutSecondsMax = 366 * 86400.0;
    private const long CountMax = 1_000_000;

    /// <summary>Returns true if the step sets an option of a call.</summary>
    public static bool IsGiven(StepRequest step) => step.CompensatePolicy is not null
        || step is not
        {
            RetryLimit: null,
            RetryInterval: null,
            RetryBackoff: null,
            RetryIntervalMax: null,
            RequestTimeout: null,
            TimeoutToFail: null,
            Headers: null,
            GiveUpAfter: null,
            GiveUpAfterSeconds: null,
        };

    /// <summary>Returns the policy of a step's action; null = the step sets nothing.</summary>
    /// <param name="step">The step.</param>
    /// <param name="type">saga or msg.</param>
    /// <param name="field">The step's name in errors.</param>
    /// <param name="headers">Validates headers; the argument is their name in errors.</param>
    /// <exception cref="RequestException">A field is invalid, or has no meaning for this call.</exception>
    public static CallPolicy? OfAction(
        StepRequest step,
        TransactionType type,
        string field,
        Func<string, ImmutableDictionary<string, string>?> headers)
    {
        if (type == TransactionType.Saga)
        {
            Refuse(step.GiveUpAfter is not null, $"{field}.give_up_after", InCompensation);
            Refuse(step.GiveUpAfterSeconds is not null, $"{field}.give_up_after_seconds", InCompensation);
        }
        else
        {
            Refuse(step.RetryLimit is not null, $"{field}.retry_limit", OnlySaga);
            Refuse(step.TimeoutToFail is not null, $"{field}.timeout_to_fail", OnlySaga);
            Refuse(step.CompensatePolicy is not null, $"{field}.compensate_policy", "a msg has no compensations");
        }

        return Of(step, field, headers);
    }

    /// <summary>Returns the policy of a step's compensation; null = the step sets nothing.</summary>
    /// <exception cref="RequestException">A field is invalid, or has no meaning for this call.</exception>
    public static CallPolicy? OfCompensation(
        StepRequest step, string field, Func<string, ImmutableDictionary<string, string>?> headers)
    {
        if (step.CompensatePolicy is not { } policy)
        {
            return null;
        }

        field += ".compensate_policy";
        Refuse(policy.RetryLimit is not null, $"{field}.retry_limit", OnlyAction);
        Refuse(policy.TimeoutToFail is not null, $"{field}.timeout_to_fail", OnlyAction);
        return Of(policy, field, headers);
    }

    /// <summary>Returns a number of errors in a row; 0 = never.</summary>
    /// <exception cref="RequestException">It is out of range.</exception>
    public static int Count(string field, long count) => count is >= 0 and <= CountMax
        ? (int)count
        : throw new RequestException(
            field, string.Create(CultureInfo.InvariantCulture, $"{count} is not a whole number from 0 to {CountMax}"));

    /// <summary>Returns the time after which a call is put aside; zero = never.</summary>
    /// <exception cref="RequestException">It is out of range.</exception>
    public static TimeSpan GiveUpAfterTime(string field, double seconds) =>
        seconds == 0 ? TimeSpan.Zero : Seconds(field, seconds, TimeoutSecondsMax)!.Value;

    private const string InCompensation =
        "an action can be refused: it has retry_limit and timeout_to_fail; write it in compensate_policy";

    private const string OnlySaga = "an action of a msg is never rolled back; it has give_up_after";

    private const string OnlyAction = "a compensation cannot fail; it has give_up_after";

    private static CallPolicy? Of(
        CallPolicyRequest asked, string field, Func<string, ImmutableDictionary<string, string>?> headers)
    {
        var policy = new CallPolicy
        {
            RetryLimit = asked.RetryLimit is { } limit ? Count($"{field}.retry_limit", limit) : null,
            RetryInterval = Seconds($"{field}.retry_interval", asked.RetryInterval, RetrySecondsMax),
            Backoff = Backoff($"{field}.retry_backoff", asked.RetryBackoff),
            RetryIntervalMax = Seconds($"{field}.retry_interval_max", asked.RetryIntervalMax, RetrySecondsMax),
            RequestTimeout = Seconds($"{field}.request_timeout", asked.RequestTimeout, RequestSecondsMax),
            TimeoutToFail = Seconds($"{field}.timeout_to_fail", asked.TimeoutToFail, TimeoutSecondsMax),
            Headers = asked.Headers is { Count: > 0 } ? headers($"{field}.headers") : null,
            GiveUpAfter = asked.GiveUpAfter is { } count ? Count($"{field}.give_up_after", count) : null,
            GiveUpAfterTime = asked.GiveUpAfterSeconds is { } seconds
                ? GiveUpAfterTime($"{field}.give_up_after_seconds", seconds)
                : null,
        };
        return policy == Nothing ? null : policy;
    }

    private static readonly CallPolicy Nothing = new();

    private static RetryBackoff Backoff(string field, string? backoff) => backoff switch
    {
        null or "" => RetryBackoff.None,
        "doubling" => RetryBackoff.Doubling,
        "constant" => RetryBackoff.Constant,
        _ => throw new RequestException(
            field, $"'{RequestValidator.Printable(backoff)}' is unknown; one of doubling, constant"),
    };

    /// <summary>Null or 0 = not set.</summary>
    private static TimeSpan? Seconds(string field, double? seconds, double max) => seconds switch
    {
        null or 0 => null,
        >= 0.001 when seconds <= max => TimeSpan.FromMilliseconds((long)(seconds.Value * 1000)),
        _ => throw new RequestException(
            field, string.Create(
                CultureInfo.InvariantCulture, $"{seconds} is not a number of seconds from 0.001 to {max}")),
    };

    private static void Refuse(bool isGiven, string field, string reason)
    {
        if (isGiven)
        {
            throw new RequestException(field, $"is not possible here: {reason}");
        }
    }
}
