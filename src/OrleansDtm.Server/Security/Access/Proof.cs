namespace OrleansDtm.Server.Security.Access;

/// <summary>The API key or token in the headers of a request.</summary>
/// <param name="Text">Null = none.</param>
/// <param name="IsUnreadable">There is an Authorization header of another kind.</param>
internal readonly record struct Proof(string? Text, bool IsUnreadable)
{
    private const string KeyHeader = "X-Api-Key";
    private const string Bearer = "Bearer ";

    /// <summary>How to authenticate, for refusals.</summary>
    public const string Hint =
        $"send an API key or a token as 'Authorization: Bearer ...' (or the key as '{KeyHeader}')";

    public static Proof Of(HttpRequest request) =>
        request.Headers[KeyHeader] is [{ Length: > 0 } key] ? new Proof(key, false)
        : request.Headers.Authorization is not [{ Length: > 0 } authorization] ? default
        : authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? new Proof(authorization[Bearer.Length..].Trim(), false)
        : new Proof(null, true);

    /// <summary>Whether the text has the three parts of a token (JWT).</summary>
    public static bool IsToken(string text) => text.AsSpan().Count('.') == 2;
}
