using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>A span as a collector receives it.</summary>
/// <param name="TraceId">32 hex digits.</param>
/// <param name="Id">16 hex digits.</param>
/// <param name="Parent">16 hex digits; empty = the root of its trace.</param>
/// <param name="Kind">1 internal, 2 server, 3 client.</param>
/// <param name="Failed">True if its status is Error.</param>
public sealed record OtlpSpan(
    string Scope,
    string Service,
    string TraceId,
    string Id,
    string Parent,
    string TraceState,
    string Name,
    int Kind,
    ulong Start,
    ulong End,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links,
    bool Failed)
{
    public string this[string attribute] => Attributes.GetValueOrDefault(attribute, "");
}

/// <summary>Decodes the fields of an ExportTraceServiceRequest that tests need, by the field numbers of OTLP.</summary>
internal static class OtlpReader
{
    public static List<OtlpSpan> Read(byte[] request)
    {
        var found = new List<OtlpSpan>();
        foreach (var resourceSpans in Fields(request).Where(static f => f.Number == 1))
        {
            var service = "";
            foreach (var (number, value) in Fields(resourceSpans.Bytes))
            {
                if (number == 1)
                {
                    service = Attributes(Fields(value).Where(static f => f.Number == 1)).GetValueOrDefault(
                        "service.name", "");
                }
                else if (number == 2)
                {
                    found.AddRange(Scope(value, service));
                }
            }
        }

        return found;
    }

    private static IEnumerable<OtlpSpan> Scope(byte[] scopeSpans, string service)
    {
        var fields = Fields(scopeSpans);
        var scope = fields.Where(static f => f.Number == 1)
            .SelectMany(static f => Fields(f.Bytes))
            .Where(static f => f.Number == 1)
            .Select(static f => Text(f.Bytes))
            .FirstOrDefault("");
        return fields.Where(static f => f.Number == 2).Select(span => Span(Fields(span.Bytes), scope, service));
    }

    private static OtlpSpan Span(List<(int Number, byte[] Bytes)> span, string scope, string service)
    {
        return new OtlpSpan(
            scope,
            service,
            Hex(One(1)),
            Hex(One(2)),
            Hex(One(4)),
            Text(One(3)),
            Text(One(5)),
            (int)Number(One(6)),
            Number(One(7)),
            Number(One(8)),
            Attributes(span.Where(static f => f.Number == 9)),
            [.. span.Where(static f => f.Number == 13).Select(
                static link => Hex(Fields(link.Bytes).Single(static f => f.Number == 2).Bytes))],
            Fields(One(15)).Any(static f => f.Number == 3 && Number(f.Bytes) == 2));

        byte[] One(int number) => span.Where(f => f.Number == number).Select(static f => f.Bytes).LastOrDefault([]);
    }

    private static Dictionary<string, string> Attributes(IEnumerable<(int Number, byte[] Bytes)> keyValues) => keyValues
        .Select(static pair => Fields(pair.Bytes))
        .ToDictionary(static pair => Text(pair[0].Bytes), static pair => Value(pair[1].Bytes), StringComparer.Ordinal);

    private static string Value(byte[] any)
    {
        var (number, bytes) = Fields(any).FirstOrDefault();
        return number switch
        {
            1 => Text(bytes),
            2 => Number(bytes) == 0 ? "false" : "true",
            3 => ((long)Number(bytes)).ToString(CultureInfo.InvariantCulture),
            5 => string.Join(',', Fields(bytes).Select(static item => Value(item.Bytes))),
            _ => "",
        };
    }

    /// <summary>
    /// Returns the fields of a message. Numbers are returned as eight bytes, so that all fields have one type.
    /// </summary>
    private static List<(int Number, byte[] Bytes)> Fields(byte[] message)
    {
        var fields = new List<(int, byte[])>();
        using var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            var bytes = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.LengthDelimited => input.ReadBytes().ToByteArray(),
                WireFormat.WireType.Fixed64 => BitConverter.GetBytes(input.ReadFixed64()),
                WireFormat.WireType.Fixed32 => BitConverter.GetBytes((ulong)input.ReadFixed32()),
                WireFormat.WireType.Varint => BitConverter.GetBytes(input.ReadUInt64()),
                var other => throw new InvalidDataException($"{other} in OTLP"),
            };
            fields.Add((WireFormat.GetTagFieldNumber(tag), bytes));
        }

        return fields;
    }

    private static ulong Number(byte[] bytes) => bytes.Length == 0 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
