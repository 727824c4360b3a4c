using System.Globalization;
using Spectre.Console;

namespace OrleansDtm.Import;

/// <summary>The progress on the console: a bar on a terminal, otherwise a line every few seconds.</summary>
internal static class ImportView
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(3);

    /// <param name="total">The number of transactions.</param>
    /// <param name="work">Reports the number of processed transactions.</param>
    public static async Task<T> Show<T>(long total, TimeProvider clock, Func<Action<long>, Task<T>> work)
    {
        var started = clock.GetTimestamp();
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
        {
            var next = Pace;
            return await work(done =>
            {
                var elapsed = clock.GetElapsedTime(started);
                if (elapsed >= next)
                {
                    next = elapsed + Pace;
                    Console.WriteLine(Line(done, total, elapsed));
                }
            });
        }

        return await AnsiConsole.Progress()
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask("transactions", maxValue: Math.Max(1, total));
                return work(done =>
                {
                    task.Value = done;
                    task.Description = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{done:N0} of {total:N0} transactions, "
                        + $"{done / Math.Max(0.001, clock.GetElapsedTime(started).TotalSeconds):N0}/s");
                });
            });
    }

    /// <summary>Prints a line, above the bar if there is one.</summary>
    public static void Tell(string line)
    {
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine(line);
        }
        else
        {
            AnsiConsole.WriteLine(line);
        }
    }

    internal static string Line(long done, long total, TimeSpan elapsed)
    {
        var rate = done / Math.Max(0.001, elapsed.TotalSeconds);
        var left = TimeSpan.FromSeconds(
            Math.Ceiling(Math.Min(360_000, Math.Max(0, total - done) / Math.Max(0.001, rate))));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{done:N0} of {total:N0} transactions ({100.0 * done / Math.Max(1, total):F0} %), {rate:N0}/s, about "
            + $"{left:c} left");
    }
}
