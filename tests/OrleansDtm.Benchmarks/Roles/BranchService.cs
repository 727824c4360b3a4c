using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OrleansDtm.Benchmarks.Roles;

/// <summary>
/// The participant. It answers every request with success, as cheaply as Kestrel can, and counts the calls, so that the
/// benchmark detects missing branch calls. <c>/calls</c> returns "all last"; <c>/due</c> records the lateness of its
/// calls.
/// </summary>
internal static class BranchService
{
    private static readonly byte[] Success = "{\"dtm_result\":\"SUCCESS\"}"u8.ToArray();
    private static long _all;
    private static long _last;

    public static Task<int> Run(RoleArguments arguments) => arguments.Serve(Handle);

    private static Task Handle(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path == "/calls")
        {
            var counts = string.Create(
                CultureInfo.InvariantCulture, $"{Volatile.Read(ref _all)} {Volatile.Read(ref _last)}");
            return Answer(context.Response, Encoding.ASCII.GetBytes(counts));
        }

        if (path == "/due-calls")
        {
            return Answer(
                context.Response, Encoding.ASCII.GetBytes(Lateness.Count.ToString(CultureInfo.InvariantCulture)));
        }

        if (path == "/lateness")
        {
            return Answer(
                context.Response, JsonSerializer.SerializeToUtf8Bytes(Lateness.Take(), JsonSerializerOptions.Web));
        }

        Interlocked.Increment(ref _all);
        if (path == "/due")
        {
            return AnswerDue(context);
        }

        if (path == "/last")
        {
            Interlocked.Increment(ref _last);
        }

        return Answer(context.Response, Success);
    }

    private static async Task AnswerDue(HttpContext context)
    {
        await Lateness.Add(context.Request);
        await Answer(context.Response, Success);
    }

    private static Task Answer(HttpResponse response, byte[] body)
    {
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body);
        return Task.CompletedTask;
    }
}
