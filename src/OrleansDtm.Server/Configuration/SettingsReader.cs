using System.Globalization;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Configuration;

/// <summary>
/// Reads typed values from the configuration and collects all problems, so that they are reported together.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    public IReadOnlyList<string> Problems => _problems;

    public string Text(string key, string fallback) => configuration[key] is { Length: > 0 } value ? value : fallback;

    public int Whole(string key, int fallback, int min, int max)
    {
        if (configuration[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min
            && value <= max)
        {
            return value;
        }

        Problem(key, text, string.Create(
            CultureInfo.InvariantCulture, $"a whole number from {min} to {max} (default {fallback})"));
        return fallback;
    }

    /// <summary>The age at which something is deleted, in seconds; 0 = never, which is null.</summary>
    public TimeSpan? Retention(string key, TimeSpan fallback)
    {
        var retention = Seconds(key, fallback, 0, 100 * 366 * 86400.0);
        return retention > TimeSpan.Zero ? retention : null;
    }

    /// <summary>A number of seconds; fractions allowed.</summary>
    public TimeSpan Seconds(string key, TimeSpan fallback, double min, double max)
    {
        if (configuration[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= min
            && value <= max)
        {
            return TimeSpan.FromSeconds(value);
        }

        Problem(
            key,
            text,
            string.Create(
                CultureInfo.InvariantCulture,
                $"a number of seconds from {min} to {max} (default {fallback.TotalSeconds})"));
        return fallback;
    }

    /// <summary>
    /// A list: key:0, key:1 etc. without gaps, or one text with an entry a line. Empty when it is not given.
    /// </summary>
    public IReadOnlyList<string> List(string key)
    {
        if (configuration[key] is { Length: > 0 } text && !configuration.GetSection(key).GetChildren().Any())
        {
            // One text with an entry a line, as in a Kubernetes Secret.
            return text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }

        var found = configuration.GetSection(key)
            .GetChildren()
            .ToDictionary(static c => c.Key, static c => c.Value ?? "");
        var values = new List<string>();
        while (found.Remove(values.Count.ToString(CultureInfo.InvariantCulture), out var value) && value.Length > 0)
        {
            values.Add(value);
        }

        if (found.Count > 0 || configuration[key] is { Length: > 0 })
        {
            Problem(
                key,
                configuration[key] ?? string.Join(", ", found.Keys.Order()),
                $"a list: {key}:0, {key}:1 etc. without gaps");
        }

        return values;
    }

    /// <summary>One of the given words, in any case; returns the spelling of <paramref name="choices"/>.</summary>
    public string Choice(string key, string fallback, params ReadOnlySpan<string> choices)
    {
        if (configuration[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        foreach (var choice in choices)
        {
            if (string.Equals(choice, text, StringComparison.OrdinalIgnoreCase))
            {
                return choice;
            }
        }

        Problem(key, text, $"one of {string.Join(", ", choices.ToArray())} (default {fallback})");
        return fallback;
    }

    /// <summary>true or false (default).</summary>
    public bool Truth(string key)
    {
        if (configuration[key] is not { Length: > 0 } text)
        {
            return false;
        }

        if (!bool.TryParse(text, out var value))
        {
            Problem(key, text, "true or false (default false)");
        }

        return value;
    }

    /// <summary>A problem in other words, or without the value, which may be a secret.</summary>
    public void Problem(string text) => _problems.Add(text);

    /// <summary>Number of problems that are connection strings that the driver refuses.</summary>
    public int Refusals { get; private set; }

    /// <summary>A connection string. Its value is not repeated: it may contain a password.</summary>
    public void ConnectionString(string key, string place, StoreDriver driver)
    {
        if (driver.FindRefusal(place) is { } refusal)
        {
            Refusals++;
            _problems.Add($"{key}: {refusal}.");
        }
        else if (!driver.NamesDatabase(place))
        {
            Problem(key, "...", "complete: add the name of the database, Database=dtm");
        }
    }

    /// <summary>A setting that another one needs.</summary>
    public void Missing(string key, string why) => _problems.Add($"{key} is missing: {why}.");

    public void Problem(string key, string value, string expected) =>
        _problems.Add($"{key}: '{value}' is not {expected}.");
}
