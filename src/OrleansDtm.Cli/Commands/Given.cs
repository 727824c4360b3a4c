using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace OrleansDtm.Cli.Commands;

/// <summary>Options whose values are checked; an error names the option, the value and what to write.</summary>
internal static class Given
{
    /// <param name="option">The option.</param>
    /// <param name="values">The values that it can have; completion offers them.</param>
    public static Option<T> OneOf<T>(this Option<T> option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.HelpName ??= values.Length <= 2 ? string.Join('|', values) : "NAME";
        option.Validators.Add(result =>
        {
            foreach (var wrong in result.Tokens.Where(token => !values.Contains(token.Value)))
            {
                result.AddError($"{option.Name}: '{wrong.Value}' is unknown; one of {string.Join(", ", values)}."
                    + CommandLines.Nearest.Hint(wrong.Value, values));
            }
        });
        return option;
    }

    public static Option<int> Whole(string name, string description, int fallback, int min, int max) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => (int)Parse(result, name, "whole number", NumberStyles.None, min, max),
    };

    public static Option<double> Seconds(string name, string description, double fallback, double min, double max) =>
        new(name)
        {
            Description = description,
            HelpName = "SECONDS",
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Parse(
                result, name, "number of seconds", NumberStyles.AllowDecimalPoint, min, max),
        };

    /// <summary>The maximum number of rows.</summary>
    public static Option<int> Limit(string description, int fallback, int max = int.MaxValue)
    {
        var limit = Whole("--limit", description, fallback, 1, max);
        limit.Aliases.Add("-n");
        return limit;
    }

    private static double Parse(
        ArgumentResult result, string name, string kind, NumberStyles styles, double min, double max)
    {
        var text = result.Tokens[^1].Value;
        if (double.TryParse(text, styles, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        var range = max >= int.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"of {min} or more")
            : string.Create(CultureInfo.InvariantCulture, $"from {min} to {max}");
        result.AddError($"{name}: '{text}' is not a {kind} {range}.");
        return min;
    }
}
