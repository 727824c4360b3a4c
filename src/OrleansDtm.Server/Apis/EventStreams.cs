using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Changes of transactions as server-sent events. A slow reader delays nothing: what it has missed is a reset.
/// </summary>
internal sealed class EventStreams(ClusterChanges changes, TimeProvider clock)
{
    /// <summary>The maximum number of streams of a namespace on this silo.</summary>
    public const int StreamsMax = 500;

    /// <summary>The maximum number of all streams of this silo.</summary>
    private const int AllMax = 4 * StreamsMax;

    /// <summary>The filters that need no store.</summary>
    private static readonly string[] Filters = ["gid", "gid_prefix", "status", "transType", "tag"];

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>A reader that takes longer for what was sent is disconnected.</summary>
    private static readonly TimeSpan SendMax = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _streams = new(StringComparer.Ordinal);

    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public Task Serve(HttpContext context) => Serve(context, Caller.Has(context, Role.Admin));

    /// <param name="context">The request.</param>
    /// <param name="secrets">Show secret query values of URLs in reasons.</param>
    public async Task Serve(HttpContext context, bool secrets)
    {
        var space = RequestNamespace.Of(context);
        var filter = ListQuery.Parse(
            name => Filters.Contains(name) ? (string?)context.Request.Query[name] : null,
            space,
            clock.GetUtcNow()).Filter;
        if (!TryEnter(space))
        {
            await HttpAnswers.Unavailable(context, $"{StreamsMax} streams of events are open already");
            return;
        }

        using var leaving = WatchApi.Leaving(context);
        try
        {
            using var reader = await changes.Open(leaving.Token);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token, reader.Ended);
            await Send(context, reader, filter, secrets, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The reader has left or is too slow, or the server stops: the reader reconnects to another one.
        }
        finally
        {
            Exit(space);
        }
    }

    private bool TryEnter(string space)
    {
        lock (_gate)
        {
            var count = _streams.GetValueOrDefault(space);
            if (count >= StreamsMax || _streams.Values.Sum() >= AllMax)
            {
                return false;
            }

            _streams[space] = count + 1;
            return true;
        }
    }

    private void Exit(string space)
    {
        lock (_gate)
        {
            var left = _streams[space] - 1;
            if (left == 0)
            {
                _streams.Remove(space);
            }
            else
            {
                _streams[space] = left;
            }
        }
    }

    private async Task Send(
        HttpContext context,
        ChangeReader reader,
        TransactionFilter filter,
        bool secrets,
        CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var text = new StringBuilder();
        if (LastId(context) is { } last)
        {
            reader.Position = last;
        }

        Event(text, reader.Position, "ready", "{}");
        while (true)
        {
            foreach (var item in reader.Read())
            {
                if (item.Change is not { } change)
                {
                    var reset = JsonSerializer.Serialize(
                        new ResetView { Reason = item.Reason }, ProtocolJson.Readable.ResetView);
                    Event(text, null, "reset", reset);
                }
                else if (change.Matches(filter))
                {
                    Event(text, null, "transaction", Json(View(change), secrets));
                }
            }

            // Without data it only tells the reader its position.
            text.Append("id: ").Append(Id(reader.Position)).Append("\n\n");
            await Write(context, text, cancellationToken);
            await reader.Grown().WaitAsync(Heartbeat, clock, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (text.Length == 0)
            {
                text.Append(": still here\n");
            }
        }
    }

    private async Task Write(HttpContext context, StringBuilder text, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(SendMax, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        await context.Response.WriteAsync(text.ToString(), either.Token);
        await context.Response.Body.FlushAsync(either.Token);
        text.Clear();
    }

    private static void Event(StringBuilder text, ChangePosition? position, string name, string data)
    {
        if (position is { } known)
        {
            text.Append("id: ").Append(Id(known)).Append('\n');
        }

        text.Append("event: ").Append(name).Append("\ndata: ").Append(data).Append("\n\n");
    }

    private static string Id(ChangePosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.Epoch}-{position.Next}");

    /// <summary>The last event that the reader has got; null = it is new. One that cannot be read is unknown.</summary>
    private static ChangePosition? LastId(HttpContext context)
    {
        var text = context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header
            ? header
            : context.Request.Query["last_event_id"].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        var parts = text.Split('-');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var next)
                ? new ChangePosition(epoch, next)
                : default(ChangePosition);
    }

    private static EventView View(TransactionChange change) => new()
    {
        Gid = Namespaces.Plain(change.Gid),
        Namespace = Namespaces.IsQualified(change.Gid) ? Namespaces.Of(change.Gid) : null,
        TransType = change.Type,
        Status = change.Status,
        CreateTime = change.Created.UtcDateTime,
        UpdateTime = change.At.UtcDateTime,
        RollbackReason = change.Reason.Length > 0 ? change.Reason : null,
        Tags = change.Tags,
    };

    private static string Json(EventView view, bool secrets)
    {
        var json = JsonSerializer.Serialize(view, ProtocolJson.Readable.EventView);
        return secrets ? json : SecretNames.MaskQuery(json);
    }
}
