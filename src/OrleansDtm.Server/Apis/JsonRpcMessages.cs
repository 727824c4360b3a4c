using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Checks;

namespace OrleansDtm.Server.Apis;

/// <summary>A JSON-RPC request.</summary>
internal sealed class JsonRpcCall
{
    /// <summary>Null = unknown.</summary>
    public string? Id { get; private init; }

    /// <summary>Empty = unknown.</summary>
    public string Method { get; private init; } = "";

    /// <summary>Valid as long as its document.</summary>
    public JsonElement Params { get; private init; }

    /// <summary>Why the request is invalid; null = it is valid.</summary>
    public string? Problem { get; private init; }

    /// <exception cref="RequestException">It contains text that is not Unicode.</exception>
    public static JsonRpcCall Of(JsonElement request)
    {
        try
        {
            return Read(request);
        }
        catch (InvalidOperationException)
        {
            throw RequestBody.NotUnicode();
        }
    }

    /// <exception cref="RequestException">The parameters are not an object.</exception>
    public JsonElement ParamsObject() => Params.ValueKind == JsonValueKind.Object
        ? Params
        : throw new RequestException(
            "params", $"is missing or no object; {Method} takes one with the fields of the HTTP API");

    /// <exception cref="RequestException">The parameters are not those of the method.</exception>
    public T ParamsAs<T>(JsonTypeInfo<T> type)
        where T : class
    {
        var json = ParamsObject();
        try
        {
            return json.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            throw RequestBody.Unexpected(e);
        }
        catch (InvalidOperationException)
        {
            throw RequestBody.NotUnicode();
        }
    }

    private static JsonRpcCall Read(JsonElement request)
    {
        if (request.ValueKind == JsonValueKind.Array)
        {
            return new JsonRpcCall { Problem = "batch: is not supported; send each request by itself" };
        }

        if (request.ValueKind != JsonValueKind.Object)
        {
            return new JsonRpcCall { Problem = "request: is no object" };
        }

        var id = Text(request, "id");
        var problem =
            Text(request, "jsonrpc") != "2.0" ? "jsonrpc: must be \"2.0\""
            : string.IsNullOrEmpty(id) ? "id: must be a non-empty string"
            : Text(request, "method") is null ? "method: must be a string"
            : null;
        return new JsonRpcCall
        {
            Id = id,
            Method = Text(request, "method") ?? "",
            Params = Member(request, "params"),
            Problem = problem,
        };
    }

    /// <summary>
    /// The member of this name in any case; the last one if there are several, as in Go. Undefined = none.
    /// </summary>
    public static JsonElement Member(JsonElement json, string name)
    {
        var found = default(JsonElement);
        foreach (var member in json.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                found = member.Value;
            }
        }

        return found;
    }

    private static string? Text(JsonElement request, string name) =>
        Member(request, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}

/// <summary>A JSON-RPC response with all four members, as in DTM.</summary>
/// <param name="Code">0 = no error.</param>
/// <param name="Message">Of the error.</param>
/// <param name="Gid">Of newGid; empty for everything else.</param>
/// <param name="Result">JSON; null = the result has no meaning.</param>
internal readonly record struct JsonRpcReply(int Code, string Message, string Gid, string? Result = null)
{
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The results of the steps, for a submitter that waits; null = none.</summary>
    public IReadOnlyList<StepResultView>? Results { get; init; }

    public static JsonRpcReply Success { get; } = new(0, "", "");

    public static JsonRpcReply NewGid(string gid) => new(0, "", gid);

    /// <param name="view">The result.</param>
    /// <param name="type">Its type.</param>
    /// <param name="secrets">Show secret query values of URLs too.</param>
    public static JsonRpcReply Show<T>(T view, JsonTypeInfo<T> type, bool secrets)
    {
        var json = JsonSerializer.Serialize(view, type);
        return new(0, "", "", secrets ? json : SecretNames.MaskQuery(json));
    }

    public static JsonRpcReply Error(int code, string message) => new(code, message, "");

    public async Task Write(HttpContext context, int status, string? id)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        var json = new Utf8JsonWriter(context.Response.BodyWriter, Readable);
        await using (json)
        {
            WriteTo(json, id);
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private void WriteTo(Utf8JsonWriter json, string? id)
    {
        json.WriteStartObject();
        if (Code == 0)
        {
            json.WriteNull("error");
        }
        else
        {
            json.WriteStartObject("error");
            json.WriteNumber("code", Code);
            json.WriteString("message", Message);
            json.WriteEndObject();
        }

        json.WriteString("id", id);
        json.WriteString("jsonrpc", "2.0");
        if (Result is not null)
        {
            json.WritePropertyName("result");
            json.WriteRawValue(Result, skipInputValidation: true);
        }
        else if (Gid.Length > 0)
        {
            json.WriteStartObject("result");
            json.WriteString("gid", Gid);
            json.WriteEndObject();
        }
        else if (Results is not null)
        {
            json.WritePropertyName("result");
            JsonSerializer.Serialize(
                json,
                new ResultView { DtmResult = ResultWords.Success, Results = Results },
                ProtocolJson.Readable.ResultView);
        }
        else if (Code is JsonRpcCodes.Failure or JsonRpcCodes.Ongoing)
        {
            // As in DTM: after a business failure "result" has no meaning.
            json.WriteStartObject("result");
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("result");
        }

        json.WriteEndObject();
    }
}
