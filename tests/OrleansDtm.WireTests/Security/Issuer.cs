using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansDtm.WireTests.Security;

/// <summary>Issues valid and invalid tokens.</summary>
/// <param name="keyId">The key id in its tokens; null = none.</param>
public sealed class Issuer(string? keyId = null) : IDisposable
{
    public const string Name = "https://issuer.test/";
    public const string Audience = "orleansdtm";

    private readonly RSA _key = RSA.Create(2048);

    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>The public key as JWKS.</summary>
    public string KeySet
    {
        get
        {
            var key = _key.ExportParameters(includePrivateParameters: false);
            var entry = new JsonObject
            {
                ["kty"] = "RSA",
                ["use"] = "sig",
                ["n"] = Encode(key.Modulus!),
                ["e"] = Encode(key.Exponent!),
            };
            return new JsonObject { ["keys"] = new JsonArray(Named(entry)) }.ToJsonString();
        }
    }

    public string Token(
        string role, Action<JsonObject>? change = null, string algorithm = "RS256",
        Action<JsonObject>? changeHeader = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = "alice",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
            ["roles"] = new JsonArray("unrelated", role),
        };
        change?.Invoke(claims);
        var header = Named(new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT" });
        changeHeader?.Invoke(header);
        var text = $"{Encode(Encoding.UTF8.GetBytes(header.ToJsonString()))}."
            + $"{Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{text}.{Encode(Sign(Encoding.UTF8.GetBytes(text), algorithm))}";
    }

    public void Dispose() => _key.Dispose();

    private JsonObject Named(JsonObject json)
    {
        if (keyId is not null)
        {
            json["kid"] = keyId;
        }

        return json;
    }

    private byte[] Sign(byte[] text, string algorithm) => algorithm switch
    {
        "RS256" => _key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),

        // The known attack that uses the public key as a shared secret.
        "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(PublicKey), text),
        _ => [],
    };

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
