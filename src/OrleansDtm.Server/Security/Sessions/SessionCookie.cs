using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// The session cookie contains the encrypted key, so every silo can verify it without shared state, and removing a key
/// ends its sessions. It is encrypted with the hash of the key. Knowing only the hash (from settings) does not allow a
/// forgery, because the key inside is verified like any other. A stolen cookie is a session that expires, not the key.
/// </summary>
internal sealed class SessionCookie(ApiKeyRing keys, CoordinatorOptions options, TimeProvider clock)
{
    public const string Name = "orleansdtm-session";
    public const string CsrfHeader = "X-Csrf-Token";

    private const string OfToken = "t";

    /// <summary>Browsers limit name, value and attributes to 4096 bytes.</summary>
    private const int ValueMax = 3800;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>The cookie value for a verified key or token; null = too long for a cookie.</summary>
    public string? Seal(string proof, Caller caller)
    {
        if (caller.Key is not { } key)
        {
            // A token expires and cannot be changed, so it is not encrypted. The number tells the sessions of a token
            // apart, so that it can sign in again after a sign-out.
            var value = $"{OfToken}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12))}.{proof}";
            return value.Length <= ValueMax ? value : null;
        }

        var text = Encoding.UTF8.GetBytes(proof);
        var plain = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt64BigEndian(
            plain, (clock.GetUtcNow() + options.Security.SessionLifetime).ToUnixTimeSeconds());
        text.CopyTo(plain, 8);
        var bytes = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        using var aes = Cipher(key);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), plain, bytes.AsSpan(NonceBytes, plain.Length), bytes.AsSpan(
            NonceBytes + plain.Length));
        return $"k.{ApiKeyRing.Id(key.Hash.Span)}.{Base64Url.EncodeToString(bytes)}";
    }

    /// <summary>The cookie when security is off: it only distinguishes our page from other sites.</summary>
    public static string Anonymous() => "a." + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>The key or token, not yet verified; null = invalid or expired.</summary>
    public string? Open(string cookie)
    {
        if (TokenOf(cookie) is { } token)
        {
            return token;
        }

        if (cookie.Split('.') is not ["k", var id, var sealedText]
            || keys.ById(id) is not { } key
            || !Base64Url.IsValid(sealedText))
        {
            return null;
        }

        // Only one text for each session: its sign-out is found by the text, and the decoder skips white space.
        var bytes = Base64Url.DecodeFromChars(sealedText);
        if (bytes.Length < NonceBytes + 8 + TagBytes || Base64Url.EncodeToString(bytes) != sealedText)
        {
            return null;
        }

        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = Cipher(key);
            aes.Decrypt(
                bytes.AsSpan(0, NonceBytes),
                bytes.AsSpan(NonceBytes, plain.Length),
                bytes.AsSpan(NonceBytes + plain.Length),
                plain);
        }
        catch (CryptographicException)
        {
            return null;
        }

        return BinaryPrimitives.ReadInt64BigEndian(plain) > clock.GetUtcNow().ToUnixTimeSeconds()
            ? Encoding.UTF8.GetString(plain, 8, plain.Length - 8)
            : null;
    }

    /// <summary>The token in the cookie, not yet verified; null = it is the cookie of a key.</summary>
    public static string? TokenOf(string cookie) => cookie.Split('.', 3) is [OfToken, _, var token] ? token : null;

    /// <summary>The CSRF token: proves that our page made the request.</summary>
    public static string CsrfToken(string cookie) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(cookie), "orleansdtm csrf"u8));

    /// <summary>The request has the CSRF token of its cookie.</summary>
    public static bool HasCsrfToken(HttpRequest request) =>
        request.Cookies[Name] is { Length: > 0 } cookie
        && request.Headers[CsrfHeader] is [{ Length: > 0 } token]
        && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(CsrfToken(cookie)));

    private static AesGcm Cipher(ApiKey key) =>
        new(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Hash.ToArray(), 32, info: "orleansdtm session"u8.ToArray()),
            TagBytes);
}
