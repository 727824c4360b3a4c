using System.Buffers;

namespace OrleansDtm.Invokers;

/// <summary>
/// Reads a body to its end, decompressed: all of it is looked through for the words that decide, and its beginning is
/// kept. Rents its
/// memory; to be disposed.
/// </summary>
/// <param name="keep">Bytes that are kept of the beginning.</param>
/// <param name="max">Bytes after which it is too long.</param>
internal struct AnswerBody(int keep, int max) : IDisposable
{
    /// <summary>Bytes that are read at once beyond what is kept.</summary>
    private const int Window = 16 * 1024;

    /// <summary>At the least: less would be a read for each few bytes.</summary>
    private const int FreeMin = 512;

    private byte[]? _buffer;
    private WordScan _words;
    private int _kept;
    private long _read;

    /// <summary>Why it could not be read to its end; null = it was.</summary>
    public string? Broken { get; set; }

    /// <summary>What is to be judged; valid until this is disposed.</summary>
    public readonly ServiceAnswer Answer(int status) => new(status, _buffer.AsSpan(0, _kept))
    {
        IsWhole = _kept == _read && Broken is null,
        SaysOngoing = _words.SaysOngoing,
        SaysFailure = _words.SaysFailure,
        Broken = Broken,
    };

    /// <summary>Where to read the next bytes to.</summary>
    /// <param name="expected">Bytes of the whole body, as far as one knows.</param>
    public Memory<byte> Free(int expected)
    {
        if (_buffer is null)
        {
            // One byte more: the read that finds the end needs a place too.
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

    /// <summary>Takes what was read there.</summary>
    /// <returns>Whether there may be more that matters.</returns>
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
