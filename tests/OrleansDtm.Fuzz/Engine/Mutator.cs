using System.Globalization;
using System.Text;

namespace OrleansDtm.Fuzz.Engine;

/// <summary>Creates inputs by changing others. All randomness comes from the seed.</summary>
public sealed class Mutator(Random random)
{
    private const int LengthMax = 64 * 1024;

    /// <summary>Tokens that are critical for parsers.</summary>
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "null", "true", "[]", "{}", "\"\"", "-1", "0", "1e999", "-0.0", "9223372036854775808", "4294967296",
            "1e-400", "NaN", "\\u0000", "\\ud800", "\\", "\"", "'", "{", "}", "[", "]", ":", ",", "\r\n", "\n", "\t",
            "\0", " ", "%00", "%0d%0a", "%zz", "../", "//", "://", "@", "#", "?", "&", "=", ";", "--", "/*", "gid",
            "steps", "action", "payloads", "custom_data", "branch_headers", "trans_type", "saga", "msg", "tcc", "xa",
            "workflow", "topic://x", "grain://A/1/B", "http://[::1]:1/", "FAILURE", "ONGOING", "__proto__", "\uFEFF",
            "\u202E", "\U0001F600",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F,
        ],
    ];

    /// <summary>Returns one of the seeds with small or large changes; sometimes noise.</summary>
    public byte[] Next(IReadOnlyList<byte[]> seeds)
    {
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(64)];
            random.NextBytes(noise);
            return noise;
        }

        var input = new List<byte>(Any(seeds));
        for (var changes = random.Next(1, random.Next(2) == 0 ? 3 : 12); changes > 0; changes--)
        {
            Change(input, seeds);
        }

        return input.Count <= LengthMax ? [.. input] : [.. input.Take(LengthMax)];
    }

    private void Change(List<byte> input, IReadOnlyList<byte[]> seeds)
    {
        var at = random.Next(input.Count + 1);
        var length = Math.Min(input.Count - at, 1 + random.Next(random.Next(4) == 0 ? 64 : 8));
        switch (random.Next(9))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = (byte)random.Next(256);
                break;
            case 2:
                input.RemoveRange(at, length);
                break;
            case 3:
                input.InsertRange(at, input.GetRange(at, length)); // a repetition
                break;
            case 4:
                input.InsertRange(at, Any(Tokens));
                break;
            case 5:
                input.RemoveRange(at, length);
                input.InsertRange(at, Any(Tokens));
                break;
            case 6:
                Splice(input, at, Any(seeds));
                break;
            case 7:
                Number(input);
                break;
            default:
                Nest(input, at, length);
                break;
        }
    }

    private void Splice(List<byte> input, int at, byte[] other)
    {
        var from = random.Next(other.Length + 1);
        input.RemoveRange(at, input.Count - at);
        input.AddRange(other[from..]);
    }

    /// <summary>Replaces a number by another one.</summary>
    private void Number(List<byte> input)
    {
        var digits = Enumerable.Range(0, input.Count).Where(i => char.IsAsciiDigit((char)input[i])).ToList();
        if (digits.Count > 0)
        {
            var at = digits[random.Next(digits.Count)];
            input.RemoveAt(at);
            var number = random.Next(4) switch
            {
                0 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
                1 => (random.NextDouble() * Math.Pow(10, random.Next(-20, 300))).ToString(
                    "R", CultureInfo.InvariantCulture),
                2 => "-1",
                _ => random.Next(100).ToString(CultureInfo.InvariantCulture),
            };
            input.InsertRange(at, Encoding.ASCII.GetBytes(number));
        }
    }

    /// <summary>Nests deeply, to test recursive parsers.</summary>
    private void Nest(List<byte> input, int at, int length)
    {
        var depth = random.Next(3) == 0 ? 2000 : random.Next(1, 80);
        var piece = input.GetRange(at, length);
        for (var i = 0; i < depth && piece.Count > 0 && input.Count < LengthMax; i++)
        {
            input.InsertRange(at, piece);
        }
    }

    private byte[] Any(IReadOnlyList<byte[]> choices) => choices[random.Next(choices.Count)];
}
