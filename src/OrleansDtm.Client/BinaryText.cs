using System.Text;

namespace OrleansDtm.Client;

/// <summary>Bytes where a coordinator takes only text and gives back what it took: as a data URL.</summary>
internal static class BinaryText
{
    private const string Mark = "data:application/octet-stream;base64,";

    public static string Of(ReadOnlyMemory<byte> data) => Mark + Convert.ToBase64String(data.Span);

    /// <summary>Looks like it, and must be written so to come back as it is.</summary>
    public static bool IsLike(ReadOnlySpan<byte> data) => data.StartsWith("data:application/octet-stream;base64,"u8);

    /// <summary>The bytes, whether they were written so or as they are.</summary>
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
            return data; // Somebody's text that merely begins like it.
        }
    }
}
