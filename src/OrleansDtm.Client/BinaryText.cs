using System.Text;

namespace OrleansDtm.Client;

/// <summary>Stores bytes as a data URL where a coordinator accepts only text.</summary>
internal static class BinaryText
{
    private const string Mark = "data:application/octet-stream;base64,";

    public static string Of(ReadOnlyMemory<byte> data) => Mark + Convert.ToBase64String(data.Span);

    /// <summary>Text that looks like a data URL must be encoded too.</summary>
    public static bool IsLike(ReadOnlySpan<byte> data) => data.StartsWith("data:application/octet-stream;base64,"u8);

    /// <summary>The bytes, encoded or not.</summary>
    public static ReadOnlyMemory<byte> Read(byte[] data)
    {
        if (!IsLike(data))
        {
            return data;
        }

        try
        {
            return Convert.FromBase64String(Encoding.ASCII.GetString(data.AsSpan(Mark.Length)));
        }
        catch (FormatException)
        {
            return data; // Other text that starts like a data URL.
        }
    }
}
