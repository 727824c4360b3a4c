using Spectre.Console;

namespace OrleansDtm.Cli.Output;

/// <summary>Colours as Spectre.Console's markup. The texts are data of other programs, so they are escaped.</summary>
internal static class Style
{
    public static string Plain(string text) => Markup.Escape(text);

    public static string Bold(string text) => $"[bold]{Plain(text)}[/]";

    public static string Faint(string text) => $"[grey]{Plain(text)}[/]";

    public static string Good(string text) => $"[green]{Plain(text)}[/]";

    public static string Busy(string text) => $"[yellow]{Plain(text)}[/]";

    public static string Bad(string text) => $"[red]{Plain(text)}[/]";

    /// <summary>The colour of a status or outcome; the text may be padded.</summary>
    public static string Status(string text) => text.TrimEnd() switch
    {
        "succeed" or "succeeded" or "done" => Good(text),
        "failed" or "given up" or "aborting" or "refused" or "rejected" or "unknown" => Bad(text),
        "not called" => Faint(text),
        _ => Busy(text),
    };
}
