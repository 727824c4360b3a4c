using System.Globalization;
using System.Text.Json;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>Reads rows that may have been damaged or edited by hand.</summary>
internal static class StoredRows
{
    /// <summary>
    /// Whether a call waits for a retry, from the progress alone. False if that cannot be read: loading the row reports
    /// the error, and one bad row must not hide the others.
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

    /// <summary>
    /// <see cref="Waiting.AttemptsOf"/> from the progress alone; 0 if that cannot be read, for the same reason.
    /// </summary>
    public static int AttemptsOf(byte[] progress)
    {
        try
        {
            return ProgressReader.AttemptsOf(progress);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return 0;
        }
    }

    /// <param name="id">Named in the error.</param>
    /// <exception cref="InvalidDataException">
    /// This program did not write it: the row is damaged, or was edited by hand.
    /// </exception>
    public static Transaction Decode(long id, in EncodedTransaction row)
    {
        try
        {
            return TransactionCodec.Decode(row);
        }
        catch (Exception e) when (
            e is JsonException or InvalidOperationException or ArgumentException or IndexOutOfRangeException
            or NullReferenceException or OverflowException or FormatException)
        {
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The transaction with id {id} in dtm_transaction and dtm_body cannot be read "
                    + $"({e.GetType().Name}: {e.Message}): it is damaged, or was edited by hand. [ODTM2011]"),
                e);
        }
    }
}
