using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>The cookie of a sign-in, and its CSRF token.</summary>
internal static class SessionCookie
{
    public const string Name = "orleansdtm-session";
    public const string CsrfHeader = "X-Csrf-Token";

    /// <summary>The cookie when security is off: it only distinguishes our page from other sites.</summary>
    public static string Anonymous() => "a." + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>The CSRF token: proves that our page made the request.</summary>
    public static string CsrfToken(string cookie) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(cookie), "orleansdtm csrf"u8));

    /// <summary>The request has the CSRF token of its cookie.</summary>
    public static bool HasCsrfToken(HttpRequest request) =>
        request.Cookies[Name] is { Length: > 0 } cookie
        && request.Headers[CsrfHeader] is [{ Length: > 0 } token]
        && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(CsrfToken(cookie)));
}
