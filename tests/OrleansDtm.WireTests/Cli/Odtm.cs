using System.Text.Json.Nodes;
using OrleansDtm.Cli;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>A run of odtm in this process.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record Odtm(int Code, string Output, string Errors)
{
    /// <summary>The output, which must be JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Output)!;

    /// <param name="server">The value of ODTM_SERVER.</param>
    /// <param name="args">The command line.</param>
    public static Task<Odtm> Run(string server, params string[] args) => Run(new Surroundings(server), args);

    public static async Task<Odtm> Run(Surroundings surroundings, params string[] args)
    {
        using var output = surroundings.Output;
        using var errors = new StringWriter();
        var code = await OdtmProgram.Run(
            args,
            new Terminal
            {
                In = new StringReader(surroundings.Input ?? ""),
                Out = output,
                Error = errors,
                IsInteractive = surroundings.Input is not null,
                HasScreen = surroundings.HasScreen,
                Variable = name => name == "ODTM_SERVER"
                    ? surroundings.Server
                    : surroundings.Variables.GetValueOrDefault(name),
                Clock = surroundings.Clock,
            },
            surroundings.Cancel);
        return new Odtm(code, output.ToString(), errors.ToString());
    }

    /// <summary>Asserts the exit code.</summary>
    public Odtm Ends(int code)
    {
        Assert.True(Code == code, $"exit code {Code}: {Errors}{Output}");
        return this;
    }

    /// <summary>Asserts one line of error, without a stack trace, that contains the text.</summary>
    public void Says(string text)
    {
        Assert.Contains(text, Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Errors, StringComparison.Ordinal);
        Assert.Empty(Output);
    }
}

/// <param name="Server">The value of ODTM_SERVER.</param>
internal sealed record Surroundings(string Server)
{
    /// <summary>What a person types; null = input is no terminal.</summary>
    public string? Input { get; init; }

    /// <summary>Output is a terminal.</summary>
    public bool HasScreen { get; init; }

    public Dictionary<string, string> Variables { get; init; } = [];

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public StringWriter Output { get; init; } = new();

    /// <summary>Like Ctrl+C.</summary>
    public CancellationToken Cancel { get; init; } = TestContext.Current.CancellationToken;
}
