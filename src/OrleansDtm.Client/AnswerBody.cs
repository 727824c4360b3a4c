using System.Buffers.Binary;
using System.IO.Compression;

namespace OrleansDtm.Client;

/// <summary>
/// Reads and decompresses a response body. The application configures the HTTP clients, so their handlers may not
/// decompress.
/// </summary>
internal static class AnswerBody
{
    private const int BufferBytes = 16 * 1024;

    /// <param name="content">The content, buffered.</param>
    /// <param name="bytesMax">Maximum decompressed bytes.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="HttpRequestException">It is damaged, too large, or of an unknown encoding.</exception>
    public static async Task<byte[]> ReadAsync(HttpContent content, long bytesMax, CancellationToken cancellationToken)
    {
        var body = await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        foreach (var encoding in content.Headers.ContentEncoding.Reverse())
        {
            body = Decompress(body, encoding, bytesMax);
        }

        return body;
    }

    private static byte[] Decompress(byte[] body, string encoding, long bytesMax)
    {
        try
        {
            switch (encoding.ToUpperInvariant())
            {
                case "IDENTITY":
                    return body;
                case "GZIP" or "X-GZIP":
                    using (var unpacking = new GZipStream(new MemoryStream(body), CompressionMode.Decompress))
                    {
                        return Whole(Read(unpacking, bytesMax), body);
                    }

                case "DEFLATE" when IsZLib(body):
                    using (var unpacking = new ZLibStream(new Finite(body), CompressionMode.Decompress))
                    {
                        return Read(unpacking, bytesMax);
                    }

                case "DEFLATE": // Raw deflate without a header, as some servers send it.
                    using (var unpacking = new DeflateStream(new Finite(body), CompressionMode.Decompress))
                    {
                        return Read(unpacking, bytesMax);
                    }

                case "BR":
                    using (var unpacking = new BrotliStream(new Finite(body), CompressionMode.Decompress))
                    {
                        return Read(unpacking, bytesMax);
                    }

                default:
                    throw new HttpRequestException($"the answer's Content-Encoding '{encoding}' is unknown");
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or InvalidOperationException)
        {
            throw new HttpRequestException($"the answer's Content-Encoding is {encoding}, but its body is damaged", e);
        }
    }

    private static byte[] Read(Stream unpacking, long bytesMax)
    {
        using var unpacked = new MemoryStream();
        var buffer = new byte[BufferBytes];
        for (int count; (count = unpacking.Read(buffer)) > 0;)
        {
            if (unpacked.Length + count > bytesMax)
            {
                throw new HttpRequestException($"the answer is larger than {bytesMax} bytes");
            }

            unpacked.Write(buffer, 0, count);
        }

        return unpacked.ToArray();
    }

    /// <summary>Checks the length at the end of a gzip; .NET accepts truncated data.</summary>
    private static byte[] Whole(byte[] unpacked, byte[] packed) =>
        packed.Length == 0
        || (packed.Length > sizeof(uint)
            && BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(^sizeof(uint)..)) == (uint)unpacked.Length)
            ? unpacked
            : throw new InvalidDataException("The data is truncated.");

    private static bool IsZLib(byte[] body) =>
        body.Length > 1 && (body[0] & 0x0F) == 8 && ((body[0] << 8) | body[1]) % 31 == 0;

    /// <summary>The other formats mark their end: a read after it means truncation.</summary>
    private sealed class Finite(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            Check(base.Read(buffer, offset, count), count);

        public override int Read(Span<byte> buffer) => Check(base.Read(buffer), buffer.Length);

        private int Check(int read, int wanted) =>
            read > 0 || wanted == 0 || Length == 0 ? read : throw new InvalidDataException("The data is truncated.");
    }
}
