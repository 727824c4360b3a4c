using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Keys;

/// <summary>Verifies API keys.</summary>
internal sealed class KeyCheck(ApiKeyRing keys, CoordinatorOptions options)
{
    /// <param name="text">The presented key.</param>
    public Identified Identify(string text)
    {
        if (keys.Find(text, out var expired) is { } key)
        {
            return new Identified(new Caller(key.Name, key.Role, key), "");
        }

        return keys.IsUndecided(text)
            ? Identified.NotNow("the file of the API key cannot be read [ODTM4006]")
            : Identified.No(
                expired
                    ? "the API key has expired"
                    : options.Security.Jwt.IsOn && !Proof.IsToken(text)
                    ? "the API key is unknown (a token would have three parts)"
                    : "the API key is unknown");
    }
}
