using System.Globalization;
using System.Linq.Expressions;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>The steps of a saga or message, with their payloads.</summary>
internal sealed class StepList(Dtm dtm)
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<StepRequest> _steps = [];
    private readonly List<ReadOnlyMemory<byte>> _payloads = [];
    private readonly List<ReadOnlyMemory<byte>?> _compensations = [];

    /// <summary>A step uses a result, or names it.</summary>
    public bool UsesResults { get; private set; }

    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public StepRequest Last => _steps.Count > 0
        ? _steps[^1]
        : throw new InvalidOperationException("Add a step first: the options are those of the step added last.");

    public void Add(StepRequest step, byte[] payload)
    {
        _steps.Add(step);
        _payloads.Add(payload);
        _compensations.Add(null);
    }

    /// <summary>The result of the step added last.</summary>
    public StepResult<T> ResultOfLast<T>()
    {
        _ = Last;
        UsesResults = true;
        return new StepResult<T>(_steps.Count.ToString("D2", CultureInfo.InvariantCulture), dtm.Options);
    }

    /// <summary>Replaces the payload of the compensation of the step added last.</summary>
    public void CompensateWith(byte[] payload)
    {
        _ = Last;
        _compensations[^1] = payload;
    }

    /// <summary>Adds a part of a result to the payload of the step added last.</summary>
    public void Use<T>(StepResult<T> source, LambdaExpression part, string? name, bool compensation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(part);
        _ = Last;
        UsesResults = true;
        var pointer = ResultPointer.Of(part, dtm.Options.Json);
        name ??= pointer.Name.Length > 0
            ? pointer.Name
            : throw new ArgumentException("Name the member of the payload: the part has no name.", nameof(name));
        var reference = new JsonObject { ["$result"] = source.BranchId, ["pointer"] = pointer.Pointer };
        if (compensation)
        {
            _compensations[^1] = With(_compensations[^1] ?? _payloads[^1], name, reference);
        }
        else
        {
            _payloads[^1] = With(_payloads[^1], name, reference);
        }
    }

    public void Fill(TransactionRequest request, bool results)
    {
        request.Steps = [.. _steps];
        request.BinPayloads = [.. _payloads];
        request.BinCompensatePayloads = _compensations.Exists(static own => own is not null)
            ? [.. _compensations]
            : null;
        request.Results = results || UsesResults ? true : null;
    }

    /// <exception cref="InvalidOperationException">The payload is not a JSON object.</exception>
    private static ReadOnlyMemory<byte> With(ReadOnlyMemory<byte> payload, string name, JsonObject reference)
    {
        JsonObject body;
        try
        {
            body = payload.IsEmpty ? [] : JsonNode.Parse(payload.Span) as JsonObject ?? throw NoObject(null);
        }
        catch (JsonException e)
        {
            throw NoObject(e);
        }

        if (body.ContainsKey(name))
        {
            throw new ArgumentException($"The payload has a member '{name}' already.", nameof(name));
        }

        body[name] = reference;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Readable.Encoder }))
        {
            body.WriteTo(json);
        }

        return buffer.ToArray();
    }

    private static InvalidOperationException NoObject(Exception? e) =>
        new("A result can be added to a payload that is a JSON object, or to none.", e);
}
