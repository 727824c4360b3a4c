using System.Runtime.CompilerServices;

namespace OrleansDtm.Invokers;

/// <summary>Scans a body that arrives in pieces for the words that decide; keeps six bytes.</summary>
internal struct WordScan
{
    /// <summary>One less than the longer word: the part of it that may end a piece.</summary>
    private const int CarryMax = 6;

    private Carry _carry;
    private int _carried;

    public bool SaysOngoing { get; private set; }

    public bool SaysFailure { get; private set; }

    public void Read(ReadOnlySpan<byte> piece)
    {
        if (_carried > 0)
        {
            Span<byte> seam = stackalloc byte[2 * CarryMax];
            ((ReadOnlySpan<byte>)_carry)[.._carried].CopyTo(seam);
            var head = piece[..Math.Min(CarryMax, piece.Length)];
            head.CopyTo(seam[_carried..]);
            Look(seam[..(_carried + head.Length)]);
        }

        Look(piece);
        Keep(piece);
    }

    private void Look(ReadOnlySpan<byte> bytes)
    {
        SaysOngoing = SaysOngoing || bytes.IndexOf("ONGOING"u8) >= 0;
        SaysFailure = SaysFailure || bytes.IndexOf("FAILURE"u8) >= 0;
    }

    private void Keep(ReadOnlySpan<byte> piece)
    {
        Span<byte> carry = _carry;
        if (piece.Length >= CarryMax)
        {
            piece[^CarryMax..].CopyTo(carry);
            _carried = CarryMax;
            return;
        }

        var stays = Math.Min(_carried, CarryMax - piece.Length);
        carry.Slice(_carried - stays, stays).CopyTo(carry);
        piece.CopyTo(carry[stays..]);
        _carried = stays + piece.Length;
    }

    [InlineArray(CarryMax)]
    private struct Carry
    {
        private byte _first;
    }
}
