using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Grains.Hosting;

/// <summary>Creates the unique number of a silo process. It marks the owner of calls in flight.</summary>
internal static class ProcessIdentity
{
    /// <summary>
    /// Returns a random positive number, so that a single silo that restarts on the same address within a second is a
    /// different owner.
    /// </summary>
    public static long Create()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return Number(bytes);
    }

    /// <summary>
    /// Returns a positive number that every silo can compute, so that the others know the calls of a dead silo from the
    /// membership table. Membership accepts an address and generation only once.
    /// </summary>
    public static long Of(SiloAddress silo) => Number(SHA256.HashData(Encoding.UTF8.GetBytes(silo.ToParsableString())));

    private static long Number(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadInt64LittleEndian(bytes) & long.MaxValue) | 1;
}
