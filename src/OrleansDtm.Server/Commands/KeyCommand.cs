using System.CommandLine;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Commands;

/// <summary>Creates an API key, or hashes an existing one.</summary>
internal sealed class KeyCommand : ProgramCommand
{
    private readonly Option<string?> _name = Value("--name", "NAME", "shown in logs and on the admin page");

    private readonly Option<string?> _role = Value(
        "--role", "ROLE",
        "read, submit (default) or admin (force stop, retries, topics); each includes the previous ones");

    private readonly Option<bool> _hash = Flag(
        "--hash", "read an existing key from standard input: at least 43 characters with 256 random bits");

    public override string Name => "key";

    public override string Summary => "create an API key and its line for the settings";

    public override string Explanation => """
        Prints a new random key, which is not stored, and its line for the coordinator: an entry of Security:Keys, or a
        line of the file Security:KeysFile. The line contains only the SHA-256 of the key; a key of 256 random bits
        needs no slower hash.
        """;

    public override string Notes => """
        Options at the end of the line: until=2027-01-31, rate=100 (requests a second), bytes=65536 (of a request),
        inflight=50 (requests), unfinished=10000 (transactions).
        """;

    public override IReadOnlyList<Option> Options => [_name, _role, _hash];

    public override bool HasSettings => false;

    public override Task<int> Run(ParseResult parsed, string[] settings)
    {
        var name = parsed.GetValue(_name)
            ?? throw new UsageException("--name: missing; set it to the owner of the key.");
        var role = parsed.GetValue(_role) ?? RoleNames.Submit;
        var hashes = parsed.GetValue(_hash);
        var key = hashes ? Console.In.ReadLine()?.Trim() ?? "" : ApiKey.New();
        if (key.Length < ApiKey.TextMin)
        {
            throw new UsageException(
                $"The key has {key.Length} characters; 256 random bits need at least {ApiKey.TextMin}.");
        }

        var line = $"{name} {role} {ApiKey.Print(ApiKey.HashOf(key))}";
        if (ApiKey.Parse(line, out var problem) is null || name.Any(char.IsWhiteSpace))
        {
            throw new UsageException(problem is null ? "--name: must be one word." : $"The key {problem}.");
        }

        // The labels are for a terminal; a program reads the two lines from standard output.
        if (!hashes)
        {
            Console.Error.WriteLine("The key, for the client. It is not stored:");
            Console.WriteLine(key);
        }

        Console.Error.WriteLine("Its line, for the coordinator (Security:Keys:0, or a line of Security:KeysFile):");
        Console.WriteLine(line);
        return Task.FromResult(0);
    }
}
