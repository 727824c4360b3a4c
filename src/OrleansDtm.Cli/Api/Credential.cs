using System.Net.Http.Headers;

namespace OrleansDtm.Cli.Api;

/// <summary>A key or token. It comes from the environment or a file, so that no process list shows it.</summary>
/// <param name="Value">Null = none.</param>
internal sealed record Credential(string? Value)
{
    public const string KeyVariable = "ODTM_KEY";

    public const string TokenVariable = "ODTM_TOKEN";

    /// <param name="file">A file with a key or token; it has precedence. Null = none.</param>
    /// <param name="variable">Returns an environment variable.</param>
    public static Credential Of(string? file, Func<string, string?> variable)
    {
        if (file is not null)
        {
            return new Credential(Read(file));
        }

        var key = variable(KeyVariable);
        var token = variable(TokenVariable);
        return !string.IsNullOrWhiteSpace(key) && !string.IsNullOrWhiteSpace(token)
            ? throw OdtmException.Misuse($"{KeyVariable} and {TokenVariable} are both set. Unset one of them.")
            : Checked(string.IsNullOrWhiteSpace(key) ? token : key, "the environment variable");
    }

    /// <summary>The coordinator takes keys and tokens in the same header.</summary>
    public void AddTo(HttpRequestHeaders headers)
    {
        if (Value is not null)
        {
            headers.Authorization = new AuthenticationHeaderValue("Bearer", Value);
        }
    }

    private static string Read(string file)
    {
        try
        {
            return Checked(File.ReadAllText(file), file).Value
                ?? throw OdtmException.Misuse($"--key-file: {file} is empty. Write the key or token into it.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OdtmException.Misuse($"--key-file: {file} cannot be read: {e.Message}");
        }
    }

    private static Credential Checked(string? text, string source)
    {
        var value = text?.Trim();
        return string.IsNullOrEmpty(value) ? new Credential((string?)null)
            : value.All(static c => c is > ' ' and < '\x7f') ? new Credential(value)
            : throw OdtmException.Misuse($"The key or token in {source} is not one word of ASCII characters.");
    }
}
