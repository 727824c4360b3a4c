using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrleansDtm.Grains.Hosting;

/// <summary>A number for this silo's life that no other life has had: the owner of the calls it has under way.</summary>
internal static class ProcessIdentity
{
    /// <summary>Positive, random: a lone silo that restarts on the same address within the same second must still be somebody else.</summary>
    public static long Create()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return Number(bytes);
    }

    /// <summary>
    /// Positive, the same on every silo: who learns from the membership that this silo has died knows which calls died with it.
    /// Membership admits an address and generation once only.
    /// </summary>
    public static long Of(SiloAddress silo) => Number(SHA256.HashData(Encoding.UTF8.GetBytes(silo.ToParsableString())));

    private static long Number(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadInt64LittleEndian(bytes) & long.MaxValue) | 1;
}
