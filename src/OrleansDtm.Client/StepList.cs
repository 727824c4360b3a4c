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
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<Step> _steps = [];
    private bool _usesResults;

    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public StepRequest Last => LastStep.Request;

    private Step LastStep => _steps.Count > 0
        ? _steps[^1]
        : throw new InvalidOperationException("Add a step first: this is for the step added last.");

    public void Add(StepRequest request, byte[] payload) => _steps.Add(new Step(request, payload));

    /// <summary>The result of the step added last.</summary>
    /// <exception cref="InvalidOperationException">There is no step, or it is a topic.</exception>
    public StepResult<T> ResultOfLast<T>()
    {
        if (Last.Action?.StartsWith(Msg.TopicScheme, StringComparison.Ordinal) == true)
        {
            throw new InvalidOperationException("A topic has no result: each of its subscribers answers.");
        }

        _usesResults = true;
        return new StepResult<T>(this, _steps.Count.ToString("D2", CultureInfo.InvariantCulture), dtm.Options);
    }

    /// <summary>Replaces the payload of the compensation of the step added last.</summary>
    public void CompensateWith(byte[] payload) => LastStep.Compensation = payload;

    /// <summary>Adds a part of a result to the payload of the step added last.</summary>
    /// <exception cref="ArgumentException">The part is not understood, has no name or a name that is there, or the step
    /// is of another transaction.</exception>
    /// <exception cref="InvalidOperationException">There is no step, or its payload is not a JSON object.</exception>
    public void Use<T>(StepResult<T> source, LambdaExpression part, string? name, bool compensation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(part);
        if (source.Owner != this)
        {
            throw new ArgumentException("It is a step of another transaction.", nameof(source));
        }

        var step = LastStep;
        var pointer = ResultPointer.Of(part, dtm.Options.Json);
        name ??= pointer.Name.Length > 0
            ? pointer.Name
            : throw new ArgumentException("Name the member of the payload: the part has no name.", nameof(name));
        var use = (name, source.BranchId, pointer.Pointer);
        _ = compensation ? With(step.CompensationNow(), use) : With(step.Payload, use);
        _usesResults = true;
        if (compensation)
        {
            step.CompensationUses.Add(use);
        }
        else
        {
            step.Payload = With(step.Payload, use);
        }
    }

    public void Fill(TransactionRequest request, bool results)
    {
        request.Steps = [.. _steps.Select(static step => step.Request)];
        request.BinPayloads = [.. _steps.Select(static step => step.Payload)];
        request.BinCompensatePayloads = _steps.Exists(static step => step.HasOwnCompensation)
            ? [.. _steps.Select(static step =>
                step.HasOwnCompensation ? step.CompensationNow() : (ReadOnlyMemory<byte>?)null)]
            : null;
        request.Results = results || _usesResults ? true : null;
    }

    /// <summary>A step whose payloads may get more members.</summary>
    private sealed class Step(StepRequest request, ReadOnlyMemory<byte> payload)
    {
        public StepRequest Request { get; } = request;

        public ReadOnlyMemory<byte> Payload { get; set; } = payload;

        /// <summary>Null = that of the step.</summary>
        public ReadOnlyMemory<byte>? Compensation { get; set; }

        public List<(string Name, string BranchId, string Pointer)> CompensationUses { get; } = [];

        public bool HasOwnCompensation => Compensation is not null || CompensationUses.Count > 0;

        public ReadOnlyMemory<byte> CompensationNow() => CompensationUses.Aggregate(Compensation ?? Payload, With);
    }

    /// <exception cref="InvalidOperationException">The payload is not a JSON object.</exception>
    private static ReadOnlyMemory<byte> With(
        ReadOnlyMemory<byte> payload, (string Name, string BranchId, string Pointer) use)
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

        if (body.ContainsKey(use.Name))
        {
            throw new ArgumentException($"The payload has a member '{use.Name}' already.", nameof(use));
        }

        body[use.Name] = new JsonObject { ["$result"] = use.BranchId, ["pointer"] = use.Pointer };
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            body.WriteTo(json);
        }

        return buffer.ToArray();
    }

    private static InvalidOperationException NoObject(Exception? e) =>
        new("A result can be added to a payload that is a JSON object, or to none.", e);
}
