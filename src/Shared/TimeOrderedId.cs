using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansDtm.Shared;

/// <summary>
/// UUIDs of version 7 (RFC 9562): consecutive ones are adjacent in the coordinator's index. .NET 8 has none of its own.
/// Compiled into each assembly that uses it.
/// </summary>
internal static class TimeOrderedId
{
    private const int Length = 16;

    /// <summary>Returns a new id as a number, the time in its highest 48 bits.</summary>
    public static UInt128 New()
    {
        Span<byte> bytes = stackalloc byte[Length];
        RandomNumberGenerator.Fill(bytes);
        var random = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        var time = (UInt128)(ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 80;
        var version = (UInt128)7 << 76;
        var variant = (UInt128)2 << 62;
        var randomBits = ((UInt128)0xFFF << 64) | (((UInt128)1 << 62) - 1);
        return time | version | variant | (random & randomBits);
    }

    /// <summary>Returns a new id as 32 hexadecimal digits.</summary>
    public static string NewText() => New().ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
