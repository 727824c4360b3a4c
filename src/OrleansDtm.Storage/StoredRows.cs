using System.Globalization;
using System.Text.Json;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>Reads rows of which nobody knows who wrote them last.</summary>
internal static class StoredRows
{
    /// <summary>
    /// A call of it waits for a retry, as far as the part that changes tells. False when that cannot be read: whoever loads the row says
    /// so, and it must not hide the others.
    /// </summary>
    public static bool WaitsForRetry(byte[] progress)
    {
        try
        {
            return TransactionCodec.WaitsForRetry(progress);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <param name="id">Named in the error.</param>
    /// <exception cref="InvalidDataException">It is not what this program writes: damaged, or changed by hand.</exception>
    public static Transaction Decode(long id, in EncodedTransaction row)
    {
        try
        {
            return TransactionCodec.Decode(row);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or IndexOutOfRangeException
            or NullReferenceException or OverflowException or FormatException)
        {
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The transaction with id {id} in dtm_transaction and dtm_body cannot be read ({e.GetType().Name}: {e.Message}): it was damaged or changed by hand. [ODTM2011]"),
                e);
        }
    }
}
