using System.Buffers;

namespace OrleansDtm.Invokers;

/// <summary>
/// Reads and decompresses a response body, scans all of it for the words that decide, and keeps its beginning. Rents
/// its memory; dispose it.
/// </summary>
/// <param name="keep">Bytes of the beginning that are kept.</param>
/// <param name="max">Maximum length in bytes.</param>
internal struct AnswerBody(int keep, int max) : IDisposable
{
    /// <summary>Bytes of a read beyond the kept part.</summary>
    private const int Window = 16 * 1024;

    /// <summary>Minimum, to avoid many small reads.</summary>
    private const int FreeMin = 512;

    private byte[]? _buffer;
    private WordScan _words;
    private int _kept;
    private long _read;

    /// <summary>Why the body is incomplete; null = it is complete.</summary>
    public string? Broken { get; set; }

    /// <summary>The scanned body; valid until it is disposed.</summary>
    public readonly ServiceAnswer Answer(int status) => new(status, _buffer.AsSpan(0, _kept))
    {
        IsWhole = _kept == _read && Broken is null,
        SaysOngoing = _words.SaysOngoing,
        SaysFailure = _words.SaysFailure,
        Broken = Broken,
    };

    /// <summary>The buffer of the next read.</summary>
    /// <param name="expected">Expected length of the body.</param>
    public Memory<byte> Free(int expected)
    {
        if (_buffer is null)
        {
            // One byte more, for the read that finds the end.
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Clamp(expected + 1, FreeMin, keep + Window));
        }
        else if (_buffer.Length - _kept < FreeMin)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(keep + Window, _buffer.Length * 2));
            _buffer.AsSpan(0, _kept).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_kept);
    }

    /// <summary>Processes the bytes that were read.</summary>
    /// <returns>Whether to continue reading.</returns>
    public bool Take(int n)
    {
        if (n == 0)
        {
            return false;
        }

        _words.Read(_buffer.AsSpan(_kept, n));
        _read += n;
        _kept = Math.Min(_kept + n, keep);
        if (_read <= max)
        {
            return true;
        }

        Broken = TooLong(max);
        return false;
    }

    public static string TooLong(int max) => $"its body is longer than {max} bytes";

    public void Dispose()
    {
        if (_buffer is { } rented)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
