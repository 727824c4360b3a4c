using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Apis;

/// <summary>Reads a JSON body from the transport's buffers.</summary>
internal static class RequestBody
{
    /// <summary>The field name of a <see cref="RequestException"/> for a body that is too large.</summary>
    public const string TooLargeField = "body";

    /// <exception cref="RequestException">It is too large, or not the expected JSON.</exception>
    public static ValueTask<TransactionRequest> Read(HttpContext context, int bytesMax) =>
        Read(context, bytesMax, ProtocolJson.Default.TransactionRequest);

    /// <summary>The flat map of strings in which a branch is registered.</summary>
    /// <exception cref="RequestException">It is too large, or not such a map.</exception>
    public static async ValueTask<RegisterRequest> ReadRegister(HttpContext context, int bytesMax) =>
        Register(await Read(context, bytesMax, ProtocolJson.Default.DictionaryStringString));

    public static RegisterRequest Register(Dictionary<string, string> said)
    {
        var fields = new Dictionary<string, string>(said.Count, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in said)
        {
            fields[name] = value; // Names are case-insensitive, the last one counts, as in all bodies.
        }

        return new RegisterRequest
        {
            Gid = fields.GetValueOrDefault("gid"),
            BranchId = fields.GetValueOrDefault("branch_id"),
            TransType = fields.GetValueOrDefault("trans_type"),
            Data = Payload(fields),
            Fields = fields,
        };
    }

    /// <summary>
    /// DTM's SDKs send the payload in <c>data</c>, a JSON string, which damages binary data. <c>bin_data</c>, base64,
    /// is an addition.
    /// </summary>
    private static byte[] Payload(Dictionary<string, string> fields)
    {
        if (fields.GetValueOrDefault("bin_data") is not { Length: > 0 } base64)
        {
            return Encoding.UTF8.GetBytes(fields.GetValueOrDefault("data") ?? "");
        }

        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            throw new RequestException("bin_data", "is not base64");
        }
    }

    /// <exception cref="RequestException">It is too large, or not the expected JSON.</exception>
    public static ValueTask<T> Read<T>(HttpContext context, int bytesMax, JsonTypeInfo<T> type)
        where T : class =>
        Read(context, bytesMax, type, static (body, t) => Parse(body, t));

    /// <summary>Reads the whole body, up to the limit, and parses it in place.</summary>
    /// <exception cref="RequestException">It is too large.</exception>
    /// <exception cref="BadHttpRequestException">408: a large body did not arrive within 30 s. 503: see
    /// <see cref="LargeBodies"/>.</exception>
    public static async ValueTask<T> Read<T, TState>(
        HttpContext context, int bytesMax, TState state, Func<ReadOnlySequence<byte>, TState, T> parse)
    {
        if (context.Request.ContentLength > bytesMax)
        {
            throw TooLarge(bytesMax);
        }

        var reader = context.Request.BodyReader;
        LargeBodies.Place? place = null;
        try
        {
            while (true)
            {
                var result = await ReadMore(context, place);
                if (result.IsCompleted)
                {
                    try
                    {
                        return parse(result.Buffer, state);
                    }
                    finally
                    {
                        reader.AdvanceTo(result.Buffer.End);
                    }
                }

                var length = result.Buffer.Length;
                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (length > bytesMax)
                {
                    throw TooLarge(bytesMax);
                }

                if (place is null && Math.Max(length, context.Request.ContentLength ?? 0) > LargeBodies.Large)
                {
                    place = await context.RequestServices.GetRequiredService<LargeBodies>().Enter(context);
                }
            }
        }
        finally
        {
            place?.Dispose();
        }
    }

    private static async ValueTask<ReadResult> ReadMore(HttpContext context, LargeBodies.Place? place)
    {
        var reader = context.Request.BodyReader;
        if (place is null)
        {
            return await reader.ReadAsync(context.RequestAborted);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(place.Late, context.RequestAborted);
        try
        {
            return await reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("the body arrives too slowly", StatusCodes.Status408RequestTimeout);
        }
    }

    /// <summary>
    /// The body in one piece: the reader of .NET 10 throws an IndexOutOfRangeException for an incomplete literal that
    /// is split between two buffers.
    /// </summary>
    private static T Parse<T>(in ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        if (body.IsSingleSegment)
        {
            return Parse(body.FirstSpan, type);
        }

        var length = (int)body.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            body.CopyTo(whole);
            return Parse(whole.AsSpan(0, length), type);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private static T Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        var json = new Utf8JsonReader(body);
        try
        {
            var request = JsonSerializer.Deserialize(ref json, type)
                ?? throw new RequestException("JSON", "the body is null; an object is needed");
            return json.Read() ? throw new RequestException("JSON", "something follows the object") : request;
        }
        catch (JsonException e)
        {
            throw Unexpected(e);
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode();
        }
    }

    /// <summary>Names the invalid field.</summary>
    public static RequestException Unexpected(JsonException e) => new(
        Field(e.Path),
        string.Create(
            CultureInfo.InvariantCulture,
            $"not the JSON expected, at {e.Path ?? "$"} (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})"));

    /// <summary>The meaning of an <see cref="InvalidOperationException"/> of the JSON reader.</summary>
    public static RequestException NotUnicode() => new("JSON", "the body holds text that is not valid UTF-8");

    private static string Field(string? path) => path is null or "$" or "" ? "JSON" : path.TrimStart('$', '.');

    private static RequestException TooLarge(int bytesMax) =>
        new(TooLargeField, string.Create(
            CultureInfo.InvariantCulture, $"is larger than the limit of {bytesMax} bytes (Limits:RequestBytesMax)"));
}
