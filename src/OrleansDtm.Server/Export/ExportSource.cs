using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Export;

/// <summary>The source of exported transactions.</summary>
internal abstract class ExportSource : IAsyncDisposable
{
    private protected const int PageSize = 100;

    /// <summary>Description without secrets.</summary>
    public abstract string Name { get; }

    /// <summary>Null = there is no such gid.</summary>
    /// <param name="gid">The gid as <see cref="Gids"/> has it.</param>
    /// <param name="cancel">Cancels the read.</param>
    public abstract Task<JsonObject?> Find(string gid, CancellationToken cancel);

    /// <summary>Newest first.</summary>
    public abstract IAsyncEnumerable<string> Gids(TransactionFilter filter, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The database, with or without a running coordinator.</summary>
/// <param name="store">Started; disposed with this object.</param>
internal sealed class StoreSource(ITransactionStore store, string name) : ExportSource
{
    public override string Name => name;

    public override async Task<JsonObject?> Find(string gid, CancellationToken cancel) =>
        await store.Load(gid, cancel) is { } stored ? TransactionDocument.Of(stored) : null;

    public override async IAsyncEnumerable<string> Gids(
        TransactionFilter filter, [EnumeratorCancellation] CancellationToken cancel)
    {
        IReadOnlyList<long>? next = [.. store.Shards.Select(static _ => 0L)];
        while (next is not null)
        {
            var page = await TransactionListing.Read(store.Shards, filter with { Limit = PageSize }, next, cancel);
            foreach (var row in page.Rows)
            {
                yield return row.Transaction.Definition.Gid;
            }

            next = page.Next;
        }
    }

    public override ValueTask DisposeAsync() => store.DisposeAsync();
}

/// <summary>A running coordinator, when its database is not accessible.</summary>
internal sealed class ServerSource : ExportSource
{
    private readonly HttpClient _http;
    private readonly Uri _api;

    /// <param name="server">The URL of its HTTP port.</param>
    /// <param name="key">Sent as a bearer token; null = none.</param>
    /// <param name="space">The namespace; null = that of the key, or the default one.</param>
    public ServerSource(Uri server, string? key, string? space)
    {
        _api = new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/dtmsvr/");
        _http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (space is not null)
        {
            _http.DefaultRequestHeaders.Add(NamespaceHeader.Name, space);
        }
    }

    public override string Name => _api.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    public override async Task<JsonObject?> Find(string gid, CancellationToken cancel)
    {
        var found = await Get($"query?gid={Uri.EscapeDataString(gid)}", cancel);
        return found["transaction"] is null ? null : found;
    }

    public override async IAsyncEnumerable<string> Gids(
        TransactionFilter filter, [EnumeratorCancellation] CancellationToken cancel)
    {
        var position = "";
        do
        {
            var page = await Get(string.Create(
                CultureInfo.InvariantCulture,
                $"all?limit={PageSize}&status="
                + $"{Word(filter.Status != TransactionStatus.None, () => Names.Of(filter.Status))}&transType="
                + $"{Word(filter.Type != TransactionType.None, () => Names.Of(filter.Type))}&createTimeStart="
                + $"{filter.CreatedFrom?.ToUnixTimeMilliseconds()}&position={Uri.EscapeDataString(position)}"),
                cancel);
            foreach (var row in page["transactions"]?.AsArray() ?? [])
            {
                yield return (string)row!["gid"]!;
            }

            position = (string?)page["next_position"] ?? "";
        }
        while (position.Length > 0);

        static string Word(bool isGiven, Func<string> name) => isGiven ? name() : "";
    }

    public override ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonObject> Get(string path, CancellationToken cancel)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(_api, path), cancel);
            var text = await answer.Content.ReadAsStringAsync(cancel);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => TransactionDocument.Parse(text) as JsonObject
                    ?? throw new StoreUnavailableException(
                        $"{Name} is not a coordinator: its response is not a JSON object."),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new StoreUnavailableException(
                    $"{Name} answered {(int)answer.StatusCode}: set a key with the role read with --key, or in the "
                    + $"environment variable {Commands.ExportCommand.KeyVariable}."),
                _ => throw new StoreUnavailableException($"{Name} answered {(int)answer.StatusCode}: {text}"),
            };
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            throw new StoreUnavailableException($"{Name} does not respond as a coordinator: {e.Message}", e);
        }
    }
}
