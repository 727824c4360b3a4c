using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Benchmarks.Load;

namespace OrleansDtm.Benchmarks.Roles;

/// <summary>
/// The floor: parses the request, calls each branch in sequence, and answers. It does not store, retry or decide
/// anything, so no coordinator with the same machine and HTTP stack can be faster. It always waits for the result.
/// </summary>
internal static class FloorServer
{
    private static readonly byte[] Success = "{\"dtm_result\":\"SUCCESS\"}"u8.ToArray();
    private static readonly byte[] Failure =
        "{\"dtm_result\":\"FAILURE\",\"message\":\"a branch did not succeed\"}"u8.ToArray();
    private static readonly byte[] Pong = "{\"msg\":\"pong\"}"u8.ToArray();
    private static readonly byte[] Nothing = "{\"transactions\":[],\"next_position\":\"\"}"u8.ToArray();
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly ConcurrentDictionary<string, List<FloorBranch>> Registered = new();
    private static readonly HttpMessageInvoker Http = HttpStack.Create();

    public static Task<int> Run(RoleArguments arguments) => arguments.Serve(Handle);

    private static Task Handle(HttpContext context) => context.Request.Path.Value switch
    {
        "/api/dtmsvr/submit" => Submit(context),
        "/api/dtmsvr/prepare" => Prepare(context),
        "/api/dtmsvr/registerBranch" => Register(context),
        "/api/dtmsvr/all" => Answer(context.Response, 200, Nothing),
        "/api/ping" => Answer(context.Response, 200, Pong),
        _ => Answer(context.Response, 404, []),
    };

    private static async Task Submit(HttpContext context)
    {
        var submit = await Read(context.Request.BodyReader, FloorJson.Default.FloorSubmit);
        var succeeded = submit.TransType == "tcc" ? await Confirm(submit) : await RunSteps(submit);
        await Answer(context.Response, succeeded ? 200 : 409, succeeded ? Success : Failure);
    }

    private static async Task Prepare(HttpContext context)
    {
        var prepare = await Read(context.Request.BodyReader, FloorJson.Default.FloorSubmit);
        Registered[prepare.Gid] = [];
        await Answer(context.Response, 200, Success);
    }

    private static async Task Register(HttpContext context)
    {
        var branch = await Read(context.Request.BodyReader, FloorJson.Default.FloorBranch);
        var known = Registered.TryGetValue(branch.Gid, out var branches);
        branches?.Add(branch);
        await Answer(context.Response, known ? 200 : 409, known ? Success : Failure);
    }

    private static async ValueTask<bool> RunSteps(FloorSubmit submit)
    {
        var steps = submit.Steps ?? [];
        for (var i = 0; i < steps.Length; i++)
        {
            var branchId = (i + 1).ToString("00", CultureInfo.InvariantCulture);
            if (!await Call(steps[i].Action, submit.Gid, submit.TransType, branchId, "action", submit.Payloads![i]))
            {
                return false;
            }
        }

        return true;
    }

    private static async ValueTask<bool> Confirm(FloorSubmit submit)
    {
        if (!Registered.TryRemove(submit.Gid, out var branches))
        {
            return false;
        }

        for (var i = branches.Count - 1; i >= 0; i--)
        {
            var branch = branches[i];
            if (!await Call(branch.Confirm, submit.Gid, "tcc", branch.BranchId, "confirm", branch.Data ?? ""))
            {
                return false;
            }
        }

        return true;
    }

    private static async ValueTask<bool> Call(
        string url, string gid, string type, string branchId, string op, string payload)
    {
        var uri = new Uri($"{url}?gid={Uri.EscapeDataString(gid)}&trans_type={type}&branch_id={branchId}&op={op}");
        using var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(payload)) { Headers = { ContentType = Json } },
        };
        using var response = await Http.SendAsync(request, CancellationToken.None);
        var body = await response.Content.ReadAsByteArrayAsync();
        // In the protocol the body can override the status code, so every coordinator must read it.
        return response.StatusCode == HttpStatusCode.OK
            && body.AsSpan().IndexOf("FAILURE"u8) < 0
            && body.AsSpan().IndexOf("ONGOING"u8) < 0;
    }

    private static async ValueTask<T> Read<T>(PipeReader reader, JsonTypeInfo<T> type)
    {
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCompleted)
            {
                return Parse(reader, read.Buffer, type);
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static T Parse<T>(PipeReader reader, ReadOnlySequence<byte> buffer, JsonTypeInfo<T> type)
    {
        var json = new Utf8JsonReader(buffer);
        var value = JsonSerializer.Deserialize(ref json, type)!;
        reader.AdvanceTo(buffer.End);
        return value;
    }

    private static Task Answer(HttpResponse response, int status, byte[] body)
    {
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body);
        return Task.CompletedTask;
    }
}
