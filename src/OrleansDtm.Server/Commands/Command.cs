namespace OrleansDtm.Server.Commands;

/// <summary>A command: the first argument of the program.</summary>
internal abstract class Command
{
    public abstract string Name { get; }

    /// <summary>One line for the list of commands.</summary>
    public abstract string Summary { get; }

    /// <summary>The text of <c>--help</c>.</summary>
    public abstract string Help { get; }

    /// <param name="args">The arguments after its name.</param>
    /// <returns>The exit code: 0 = done.</returns>
    /// <exception cref="UsageException">An argument is invalid.</exception>
    public abstract Task<int> Run(string[] args);
}
