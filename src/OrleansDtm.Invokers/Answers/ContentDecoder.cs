using System.IO.Compression;
using System.IO.Pipelines;
using System.Net.Http.Headers;

namespace OrleansDtm.Invokers;

/// <summary>
/// Decodes the Content-Encoding of a response. .NET's decoders treat a truncated stream as complete, which would make
/// half a response a success. These throw.
/// </summary>
internal static class ContentDecoder
{
    /// <summary>Maximum number of nested encodings; more is an attack.</summary>
    private const int LayersMax = 2;

    /// <returns>The same stream if there is no encoding.</returns>
    /// <exception cref="InvalidDataException">An unknown encoding, or too many.</exception>
    public static async ValueTask<Stream> Open(
        Stream body, HttpContentHeaders headers, CancellationToken cancellationToken)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var given))
        {
            return body;
        }

        var layers =
            string.Join(',', given).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(static name => !name.Equals("identity", StringComparison.OrdinalIgnoreCase)).ToList();
        if (layers.Count > LayersMax)
        {
            throw new InvalidDataException($"it has more than {LayersMax} content encodings");
        }

        for (var i = layers.Count - 1; i >= 0; i--)
        {
            body = layers[i].ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GzipDecoder(body),
                "deflate" => await Deflate(body, cancellationToken).ConfigureAwait(false),
                "br" => new BrotliDecoderStream(body),
                "zstd" or "compress" or "x-compress" or "dcb" or "dcz" => throw new InvalidDataException(
                    $"its Content-Encoding '{layers[i]}' is none of gzip, deflate, br"),
                _ => body, // Not a compression: some services send "utf-8" here. Read unchanged, as in DTM.
            };
        }

        return body;
    }

    /// <summary>"deflate" is zlib's format, but some services send raw deflate, as browsers know.</summary>
    private static async ValueTask<Stream> Deflate(Stream body, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(body);
        var first = (await pipe.ReadAsync(cancellationToken).ConfigureAwait(false)).Buffer;
        var zlib = !first.IsEmpty && (first.FirstSpan[0] & 0x0F) == 8;
        pipe.AdvanceTo(first.Start);
        var source = new EndWatch(pipe.AsStream());
        return new DeflateDecoder(
            zlib
                ? new ZLibStream(source, CompressionMode.Decompress)
                : new DeflateStream(source, CompressionMode.Decompress),
            source);
    }

    /// <summary>
    /// gzip with a check for completeness: a small gzip member is appended, which is decoded only if the body before it
    /// was complete.
    /// </summary>
    private sealed class GzipDecoder(Stream body) : DecoderStream
    {
        private static readonly byte[] Mark = [0xF1, 0x0D, 0x7B, 0xE2, 0x00, 0x9C, 0xA5, 0x3E];
        private static readonly byte[] Member = Compress(Mark);

        private readonly GZipStream _gzip = new(new Followed(body, Member), CompressionMode.Decompress);
        private readonly byte[] _tail = new byte[Mark.Length];
        private int _held;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                _tail.AsMemory(0, _held).CopyTo(buffer);
                var n = await _gzip.ReadAsync(buffer[_held..], cancellationToken).ConfigureAwait(false);
                if (n == 0)
                {
                    return _tail.AsSpan(0, _held).SequenceEqual(Mark) ? 0 : throw Ends();
                }

                var all = _held + n;
                _held = Math.Min(all, Mark.Length);
                buffer.Slice(all - _held, _held).CopyTo(_tail);
                if (all > _held)
                {
                    return all - _held;
                }
            }
        }

        protected override void Dispose(bool disposing)
        {
            _gzip.Dispose();
            base.Dispose(disposing);
        }

        private static byte[] Compress(byte[] bytes)
        {
            var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.NoCompression))
            {
                gzip.Write(bytes);
            }

            return compressed.ToArray();
        }
    }

    /// <summary>zlib's decoder requests more input only until it has seen the end.</summary>
    private sealed class DeflateDecoder(Stream decoder, EndWatch source) : DecoderStream
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var n = await decoder.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            return n == 0 && source is { EndWasAskedFor: true, IsEmpty: false } ? throw Ends() : n;
        }

        protected override void Dispose(bool disposing)
        {
            decoder.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class BrotliDecoderStream(Stream body) : DecoderStream
    {
        private readonly byte[] _input = new byte[8 * 1024];
        private BrotliDecoder _brotli;
        private int _start;
        private int _end;
        private bool _any;
        private bool _done;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!_done)
            {
                var status = _brotli.Decompress(
                    _input.AsSpan(_start, _end - _start), buffer.Span, out var consumed, out var written);
                _start += consumed;
                _done = status switch
                {
                    System.Buffers.OperationStatus.Done => true,
                    System.Buffers.OperationStatus.InvalidData => throw new InvalidDataException("it is not brotli"),
                    _ => false,
                };
                if (written > 0)
                {
                    return written;
                }

                if (!_done && status == System.Buffers.OperationStatus.NeedMoreData)
                {
                    _input.AsSpan(_start, _end - _start).CopyTo(_input);
                    (_start, _end) = (0, _end - _start);
                    var n = await body.ReadAsync(_input.AsMemory(_end), cancellationToken).ConfigureAwait(false);
                    if (n == 0)
                    {
                        return _any ? throw Ends() : 0;
                    }

                    (_any, _end) = (true, _end + n);
                }
            }

            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            _brotli.Dispose();
            body.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>Records whether the decoder has read to the end.</summary>
    private sealed class EndWatch(Stream inner) : DecoderStream
    {
        public bool EndWasAskedFor { get; private set; }

        public bool IsEmpty { get; private set; } = true;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var n = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            EndWasAskedFor |= n == 0;
            IsEmpty &= n == 0;
            return n;
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>A stream with some bytes appended.</summary>
    private sealed class Followed(Stream inner, byte[] after) : DecoderStream
    {
        private int _given = -1;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_given < 0)
            {
                var n = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (n > 0)
                {
                    return n;
                }

                _given = 0;
            }

            var count = Math.Min(buffer.Length, after.Length - _given);
            after.AsMemory(_given, count).CopyTo(buffer);
            _given += count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private static InvalidDataException Ends() => new("its compressed body ends too early");
}
