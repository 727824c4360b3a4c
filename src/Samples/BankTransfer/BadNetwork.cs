namespace OrleansDtm.Samples.BankTransfer;

/// <summary>A network that delivers every third call twice and loses every fourth response.</summary>
internal sealed class BadNetwork(RequestDelegate next, IHttpClientFactory http, Counters counters)
{
    private const string Twin = "X-Twin";

    public async Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Request.Headers.ContainsKey(Twin))
        {
            await next(context);
            return;
        }

        var number = Interlocked.Increment(ref counters.Calls);
        var twin = number % 3 == 0 ? await SendTwin(context) : Task.CompletedTask;
        var lost = number % 4 == 0;
        if (lost)
        {
            context.Response.Body = Stream.Null;
        }

        await next(context);
        await twin;
        if (lost)
        {
            Interlocked.Increment(ref counters.Lost);
            context.Abort();
        }
    }

    private async Task<Task> SendTwin(HttpContext context)
    {
        Interlocked.Increment(ref counters.Repeated);
        context.Request.EnableBuffering();
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        context.Request.Body.Position = 0;
        return Send(
            $"{context.Request.Scheme}://{context.Request.Host}{context.Request.Path}{context.Request.QueryString}",
            new ByteArrayContent(body.ToArray()));
    }

    private async Task Send(string url, ByteArrayContent content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        request.Headers.Add(Twin, "1");
        content.Headers.ContentType = new("application/json");
        using var client = http.CreateClient();
        using var answer = await client.SendAsync(request);
    }
}

internal sealed class Counters
{
    public int Calls;
    public int Repeated;
    public int Lost;
}
