using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansDtm.Grains.Hosting;

/// <summary>A number for this silo's life that no other life has had.</summary>
internal static class ProcessIdentity
{
    /// <summary>Positive, random: a restart on the same address within the same second must still be somebody else.</summary>
    public static long Create()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return (BinaryPrimitives.ReadInt64LittleEndian(bytes) & long.MaxValue) | 1;
    }
}
