using Spectre.Console;

namespace OrleansDtm.Cli;

/// <summary>What a command reads and writes, and the environment that it runs in.</summary>
internal sealed class Terminal
{
    private readonly Lazy<IAnsiConsole> _screen;

    public Terminal() => _screen = new Lazy<IAnsiConsole>(CreateScreen);

    public required TextReader In { get; init; }

    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Input is a terminal: a question can be answered.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Output is a terminal: lines and, without NO_COLOR, colours are possible.</summary>
    public bool HasScreen { get; init; }

    /// <summary>Returns an environment variable; null = not set.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>For tables, trees and live output if <see cref="HasScreen"/>.</summary>
    public IAnsiConsole Screen => _screen.Value;

    public static Terminal OfProcess() => new()
    {
        In = Console.In,
        Out = Console.Out,
        Error = Console.Error,
        IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        HasScreen = !Console.IsOutputRedirected,
    };

    private IAnsiConsole CreateScreen()
    {
        // https://no-color.org: any value but an empty one.
        var isPlain = !string.IsNullOrEmpty(Variable("NO_COLOR"));
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            ColorSystem = isPlain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
    }
}
