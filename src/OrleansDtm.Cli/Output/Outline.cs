using Spectre.Console;

namespace OrleansDtm.Cli.Output;

/// <summary>Lines below lines; each is markup of <see cref="Style"/>.</summary>
internal sealed class Outline(string text)
{
    private readonly List<Outline> _children = [];

    public string Text => text;

    public Outline Add(string line)
    {
        var child = new Outline(line);
        _children.Add(child);
        return child;
    }

    /// <summary>Writes trees on a terminal, otherwise lines that are indented by two spaces.</summary>
    public static void Write(Terminal terminal, IEnumerable<Outline> outlines)
    {
        if (terminal.HasScreen)
        {
            terminal.Screen.Write(ForScreen(outlines));
            return;
        }

        foreach (var line in outlines.SelectMany(static outline => outline.Lines("")))
        {
            terminal.Out.WriteLine(line);
        }
    }

    public static Rows ForScreen(IEnumerable<Outline> outlines) => new(outlines.Select(static outline =>
    {
        var tree = new Tree(outline.Text).Guide(TreeGuide.Line);
        outline.AddTo(tree);
        return tree;
    }));

    private void AddTo(IHasTreeNodes parent)
    {
        foreach (var child in _children)
        {
            child.AddTo(parent.AddNode(child.Text));
        }
    }

    private IEnumerable<string> Lines(string indent) =>
        _children.SelectMany(child => child.Lines(indent + "  ")).Prepend((indent + Markup.Remove(text)).TrimEnd());
}
