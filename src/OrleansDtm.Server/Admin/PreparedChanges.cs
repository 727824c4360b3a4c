using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.Server.Admin;

/// <summary>What a submit changed after its prepare, in the words of the protocol.</summary>
internal static class PreparedChanges
{
    /// <summary>Longer texts are cut: custom data can have megabytes.</summary>
    private const int TextMax = 500;

    /// <param name="submitted">The definition in force.</param>
    /// <returns>Empty = nothing, or it was never prepared.</returns>
    public static IReadOnlyList<ChangeView> Of(TransactionDefinition submitted)
    {
        if (submitted.Prepared is not { } prepared)
        {
            return [];
        }

        var (old, now) = (prepared.Options, submitted.Options);
        return
        [
            .. new[]
            {
                Change("timeout_to_fail", old.TimeoutToFail, now.TimeoutToFail),
                Change("retry_interval", old.RetryInterval, now.RetryInterval),
                Change("request_timeout", old.RequestTimeout, now.RequestTimeout),
                Change("concurrent", old.Concurrent ? "true" : "false", now.Concurrent ? "true" : "false"),
                Change("delay", old.Delay, now.Delay),
                Change("give_up_after", Text(old.GiveUpAfter), Text(now.GiveUpAfter)),
                Change("give_up_after_seconds", old.GiveUpAfterTime, now.GiveUpAfterTime),
                Change("custom_data", prepared.CustomData, submitted.CustomData),
                Change("callback_url", prepared.NoticeUrl, submitted.NoticeUrl),
                Change("branch_headers", Names(prepared.BranchHeaders.Keys), Names(submitted.BranchHeaders.Keys)),
                Change("tags", Pairs(prepared.Tags), Pairs(submitted.Tags)),
            }.OfType<ChangeView>(),
        ];
    }

    private static ChangeView? Change(string name, TimeSpan before, TimeSpan after) =>
        Change(name, Text(before.TotalSeconds), Text(after.TotalSeconds));

    private static ChangeView? Change(string name, string before, string after) =>
        before == after ? null : new ChangeView { Name = name, Prepared = Cut(before), Submitted = Cut(after) };

    private static string Cut(string text) => text.Length <= TextMax ? text : text[..TextMax] + "…";

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Headers are secrets more often than not, so only their names are compared.</summary>
    private static string Names(IEnumerable<string> names) =>
        string.Join(", ", names.Order(StringComparer.Ordinal));

    private static string Pairs(IEnumerable<KeyValuePair<string, string>> tags) =>
        string.Join(", ", tags.Select(static tag => $"{tag.Key}:{tag.Value}"));
}

/// <summary>An option with another value in the submit than in the prepare.</summary>
internal sealed class ChangeView
{
    /// <summary>The name in the protocol.</summary>
    public required string Name { get; init; }

    /// <summary>Durations in seconds; empty = not set.</summary>
    public required string Prepared { get; init; }

    public required string Submitted { get; init; }
}
