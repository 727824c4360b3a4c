using System.Buffers.Text;
using System.Text;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>
/// The gids of one client, counted up in place. All have the same length, so a gid is never the prefix of another (the
/// reference loses branches of such pairs on one of its stores), and a request body can be reused.
/// </summary>
internal sealed class Gid
{
    public const int Length = 30;
    private const int DigitsOfCounter = 10;
    private long _counter;

    /// <param name="row">A prefix of 20 characters that no other client of any run has.</param>
    public Gid(string row)
    {
        if (row.Length != Length - DigitsOfCounter)
        {
            throw new ArgumentException($"'{row}' must have {Length - DigitsOfCounter} characters", nameof(row));
        }

        Encoding.ASCII.GetBytes(row, Bytes);
        Next();
    }

    public byte[] Bytes { get; } = new byte[Length];

    public override string ToString() => Encoding.ASCII.GetString(Bytes);

    public void Next() =>
        Utf8Formatter.TryFormat(_counter++, Bytes.AsSpan(Length - DigitsOfCounter), out _, new('D', DigitsOfCounter));
}
