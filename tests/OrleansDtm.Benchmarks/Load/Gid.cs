using System.Buffers.Text;
using System.Text;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>How gids are made.</summary>
internal enum GidKind
{
    /// <summary>Counted up by each client.</summary>
    Count,

    /// <summary>Time-ordered, as newGid and the .NET SDK make them (UUIDv7).</summary>
    Time,

    /// <summary>Random, as users bring their own (UUIDv4, business keys).</summary>
    Random,
}

/// <summary>
/// The gids of one client, made in place. All have the same length, so a gid is never the prefix of another (the
/// reference loses branches of such pairs on one of its stores), and a request body can be reused.
/// </summary>
internal sealed class Gid
{
    public const int Length = 30;
    private const int DigitsOfCounter = 10;
    private readonly GidKind _kind;
    private long _counter;

    /// <param name="row">A prefix of 20 characters that no other client of any run has.</param>
    /// <param name="kind">How they are made; only counted ones have the prefix.</param>
    public Gid(string row, GidKind kind)
    {
        if (row.Length != Length - DigitsOfCounter)
        {
            throw new ArgumentException($"'{row}' must have {Length - DigitsOfCounter} characters", nameof(row));
        }

        _kind = kind;
        Encoding.ASCII.GetBytes(row, Bytes);
        Next();
    }

    public byte[] Bytes { get; } = new byte[Length];

    public override string ToString() => Encoding.ASCII.GetString(Bytes);

    public void Next()
    {
        if (_kind == GidKind.Count)
        {
            Utf8Formatter.TryFormat(
                _counter++, Bytes.AsSpan(Length - DigitsOfCounter), out _, new('D', DigitsOfCounter));
            return;
        }

        // 30 of its 32 digits: still 112 random bits, or the time and 64 of them.
        Span<byte> digits = stackalloc byte[32];
        (_kind == GidKind.Time ? Guid.CreateVersion7() : Guid.NewGuid()).TryFormat(digits, out _, "N");
        digits[..Length].CopyTo(Bytes);
    }
}
