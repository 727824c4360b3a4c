namespace OrleansDtm.Grains.Service;

/// <summary>Branch headers whose values prove something to a service: they are stored, because they are sent, and not shown to everybody.</summary>
public static class SecretHeaders
{
    /// <summary>What stands in their place.</summary>
    public const string Mask = "***";

    private static readonly string[] Parts = ["auth", "cookie", "token", "secret", "password", "passwd", "credential", "api-key", "apikey", "signature"];

    /// <summary>By its name; better one too many than one too few.</summary>
    public static bool IsSecret(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
    }
}
