namespace OrleansDtm.Grains.Service;

/// <summary>Detects branch headers that contain credentials. They are stored and sent, but masked in views.</summary>
public static class SecretHeaders
{
    /// <summary>The text that replaces a secret value.</summary>
    public const string Mask = "***";

    private static readonly string[] Parts = ["auth", "cookie", "token", "secret", "password", "passwd", "credential", "api-key", "apikey", "signature"];

    /// <summary>Returns true if the header name suggests a credential; in doubt true.</summary>
    public static bool IsSecret(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
    }
}
