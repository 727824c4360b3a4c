namespace OrleansDtm.Cli.Output;

/// <summary>
/// Commands that a user can copy into a shell. Gids and branch ids come from submitters, who must not be able to write
/// commands or options with them.
/// </summary>
internal static class ShellText
{
    /// <summary>Returns a command of odtm.</summary>
    public static string Command(string verb, string[] arguments, params (string Name, string Value)[] options)
    {
        var named = string.Concat(options.Select(static option => option.Value.StartsWith('-')
            ? $" --{option.Name}={Quoted(option.Value)}"
            : $" --{option.Name} {Quoted(option.Value)}"));
        var positional = string.Join(' ', arguments.Select(Quoted));
        return Array.Exists(arguments, static argument => argument.StartsWith('-'))
            ? $"odtm {verb}{named} -- {positional}"
            : $"odtm {verb} {positional}{named}";
    }

    private static string Quoted(string text) =>
        text.Length > 0
        && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/')
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
