using System.CommandLine;

namespace OrleansDtm.Server.Commands;

/// <summary>A command of the program.</summary>
internal abstract class ProgramCommand
{
    public abstract string Name { get; }

    /// <summary>One line for the list of commands.</summary>
    public abstract string Summary { get; }

    /// <summary>What its <c>--help</c> says above the options.</summary>
    public abstract string Explanation { get; }

    /// <summary>What its <c>--help</c> says below the options.</summary>
    public virtual string Notes => "";

    public virtual IReadOnlyList<Option> Options => [];

    /// <summary>True = settings such as <c>--HttpPort=8080</c> are among its arguments.</summary>
    public virtual bool HasSettings => true;

    /// <param name="parsed">The values of <see cref="Options"/>.</param>
    /// <param name="settings">The settings, as <see cref="Configuration.SettingsLoader"/> reads them.</param>
    /// <returns>The exit code: 0 = done.</returns>
    /// <exception cref="UsageException">An argument is invalid.</exception>
    public abstract Task<int> Run(ParseResult parsed, string[] settings);

    /// <summary>An option with a value.</summary>
    protected static Option<string?> Value(string name, string helpName, string description)
    {
        var option = new Option<string?>(name) { HelpName = helpName, Description = description };

        // System.CommandLine would take the next option as the value.
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(static t => t.Value is "" or ['-', '-', ..]))
            {
                result.AddError($"{name}: a value is missing; write {name}=value.");
            }
        });
        return option;
    }

    /// <summary>An option without a value.</summary>
    protected static Option<bool> Flag(string name, string description) => new(name) { Description = description };
}
