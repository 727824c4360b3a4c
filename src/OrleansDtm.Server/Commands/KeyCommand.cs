using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Commands;

/// <summary>Creates an API key, or hashes an existing one.</summary>
internal sealed class KeyCommand : Command
{
    public override string Name => "key";

    public override string Summary => "create an API key and its line for the settings";

    public override string Help => """
        usage: OrleansDtm.Server key --name NAME [--role read|submit|admin] [--hash]

        Prints a new random key, which is kept nowhere: give it to whoever is to use it. Then the line that lets the
        coordinator know it: an entry of Security:Keys, or a line of the file Security:KeysFile. It holds the key's
        SHA-256 only; a key of 256 random bits needs no slower hash.

          --name NAME   shown in logs and on the admin page
          --role ROLE   submit (default); read = look only; admin = also stop transactions and change topics.
                        Each includes those before it
          --hash        read the key from standard input instead: at least 43 characters, as random as 256 bits

        What may follow in the line: until=2027-01-31, rate=100 (requests a second), bytes=65536 (of a request).
        """;

    public override Task<int> Run(string[] args)
    {
        var arguments = Arguments.Parse(args, ["--name", "--role"], ["--hash"]);
        var name = arguments.Values.GetValueOrDefault("--name") ?? throw new UsageException("--name: missing; set it to the owner of the key.");
        var role = arguments.Values.GetValueOrDefault("--role") ?? RoleNames.Submit;
        var hashes = arguments.Flags.Contains("--hash");
        var key = hashes ? Console.In.ReadLine()?.Trim() ?? "" : ApiKey.New();
        if (key.Length < ApiKey.TextMin)
        {
            throw new UsageException($"The key has {key.Length} characters; 256 random bits need at least {ApiKey.TextMin}.");
        }

        var line = $"{name} {role} {ApiKey.Print(ApiKey.HashOf(key))}";
        if (ApiKey.Parse(line, out var problem) is null || name.Any(char.IsWhiteSpace))
        {
            throw new UsageException(problem is null ? "--name: must be one word." : $"The key {problem}.");
        }

        if (!hashes)
        {
            Console.WriteLine(key);
        }

        Console.WriteLine(line);
        return Task.FromResult(0);
    }
}
