namespace OrleansDtm.Server.Commands;

/// <summary>What the program can be told to do by its first argument.</summary>
internal abstract class Command
{
    public abstract string Name { get; }

    /// <summary>One line for the list of commands.</summary>
    public abstract string Summary { get; }

    /// <summary>What <c>--help</c> prints.</summary>
    public abstract string Help { get; }

    /// <param name="args">Those behind its name.</param>
    /// <returns>The exit code: 0 = done.</returns>
    /// <exception cref="UsageException">An argument is wrong.</exception>
    public abstract Task<int> Run(string[] args);
}
