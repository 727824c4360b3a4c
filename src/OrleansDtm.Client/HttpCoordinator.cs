using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>The coordinator over DTM's HTTP API.</summary>
internal sealed class HttpCoordinator : ICoordinator
{
    private const string Prefix = "/api/dtmsvr";

    /// <summary>
    /// Bodies above this size are sent with Expect: 100-continue; otherwise the 413 for a body that is too large can be
    /// lost.
    /// </summary>
    private const int AskedBytesMin = 1 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Null values are omitted: servers in strict languages refuse null.</summary>
    internal static readonly ProtocolJson Written = new(new JsonSerializerOptions(ProtocolJson.Readable.Options)
    {
        TypeInfoResolver = null,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    });

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IHttpClientFactory _http;
    private readonly TimeProvider _clock;
    private readonly DtmOptions _options;
    private readonly string _namespace;

    public HttpCoordinator(IHttpClientFactory http, IOptions<DtmOptions> options, TimeProvider clock)
    {
        _http = http;
        _clock = clock;
        _options = options.Value;
        _namespace = _options.Namespace ?? "";
        // DTM's Go SDK needs this prefix in its setting, so accept it here too.
        var server = _options.Server.AbsoluteUri.TrimEnd('/');
        Address = server.EndsWith(Prefix, StringComparison.Ordinal) ? server : server + Prefix;
    }

    private HttpCoordinator(HttpCoordinator original, string name) =>
        (_http, _clock, _options, Address, _namespace) =
            (original._http, original._clock, original._options, original.Address, name);

    public string Address { get; }

    public ICoordinator In(string name) => new HttpCoordinator(this, name);

    public bool CarriesBytes => false;

    public async Task<string> NewGidAsync(CancellationToken cancellationToken)
    {
        var answer = await GetAsync("newGid", null, cancellationToken).ConfigureAwait(false);
        return CoordinatorJson.Gid(answer);
    }

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        PostAsync("prepare", request, _options.RequestTimeout, cancellationToken);

    public async Task<TransactionResult?> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        var limit = request.WaitResult == true ? _options.WaitTimeout : _options.RequestTimeout;
        var answer = await PostAsync("submit", request, limit, cancellationToken).ConfigureAwait(false);
        return request is { WaitResult: true, Results: true }
            ? new TransactionResult(request.Gid!, GlobalStatus.Succeeded) { Results = CoordinatorJson.Results(answer) }
            : null;
    }

    public Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        PostAsync("abort", request, _options.WaitTimeout, cancellationToken); // An abort waits if its prepare does.

    public Task ForceStopAsync(string gid, CancellationToken cancellationToken) =>
        PostAsync("forceStop", new TransactionRequest { Gid = gid }, _options.RequestTimeout, cancellationToken);

    public Task RetryNowAsync(string gid, CancellationToken cancellationToken) =>
        PostAsync(
            "resetNextCronTime", new TransactionRequest { Gid = gid }, _options.RequestTimeout, cancellationToken);

    public Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["gid"] = gid,
            ["branch_id"] = branchId,
            ["op"] = op,
        };
        return PostAsync(
            "retryBranch", fields, Written.DictionaryStringString, gid, _options.RequestTimeout, cancellationToken);
    }

    public Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string>(request.Fields, StringComparer.Ordinal)
        {
            ["gid"] = request.Gid ?? "",
            ["branch_id"] = request.BranchId ?? "",
            ["trans_type"] = request.TransType ?? "",
        };
        try
        {
            fields["data"] = request.TransType == TransTypes.Workflow && BinaryText.IsLike(request.Data.Span)
                ? BinaryText.Of(request.Data)
                : Utf8.GetString(request.Data.Span);
        }
        catch (DecoderFallbackException)
        {
            // DTM's own servers read only data, as text; BinaryText recognizes it when it is returned.
            fields["data"] = BinaryText.Of(request.Data);
            fields["bin_data"] = Convert.ToBase64String(request.Data.Span);
        }

        return PostAsync(
            "registerBranch",
            fields,
            Written.DictionaryStringString,
            request.Gid,
            _options.RequestTimeout,
            cancellationToken);
    }

    public async Task<WorkflowProgress> PrepareWorkflowAsync(
        TransactionRequest request, CancellationToken cancellationToken) =>
        CoordinatorJson.Progress(await PostAsync(
            "prepareWorkflow", request, _options.RequestTimeout, cancellationToken).ConfigureAwait(false));

    public async Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken) =>
        CoordinatorJson.Query(
            await GetAsync($"query?gid={Uri.EscapeDataString(gid)}", gid, cancellationToken).ConfigureAwait(false),
            gid);

    public async Task<TransactionInfo> WaitAsync(string gid, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var query = new UrlQuery("wait").Add("gid", gid).Add(
            "timeout", Math.Max(1, Math.Ceiling(atMost.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        var answer = await SendAsync(
            HttpMethod.Get, query.ToString(), null, gid, atMost + _options.RequestTimeout, cancellationToken,
            isWait: true).ConfigureAwait(false);
        return CoordinatorJson.Query(answer, gid) ?? throw NoWait();
    }

    public async Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken)
    {
        var query = new UrlQuery("all")
            .Add("limit", filter.Limit.ToString(CultureInfo.InvariantCulture))
            .Add("position", filter.Position)
            .Add("status", filter.Status is { } status ? CoordinatorJson.Word(status) : null)
            .Add("transType", filter.TransType)
            .Add("parked", filter.Parked ? "true" : null)
            .Add("tag", filter.Tags.Count > 0 ? string.Join(',', filter.Tags) : null)
            .Add("gid_prefix", filter.GidPrefix)
            .Add("host", filter.Host)
            .Add("error", filter.Error)
            .Add("createTimeStart", filter.CreatedFrom?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture))
            .Add("createTimeEnd", filter.CreatedTo?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        return CoordinatorJson.Page(await GetAsync(query.ToString(), null, cancellationToken).ConfigureAwait(false));
    }

    public Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken) =>
        ChangeAsync(
            new UrlQuery("subscribe").Add("topic", topic).Add("url", url).Add("remark", remark).ToString(),
            cancellationToken);

    public Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken) =>
        ChangeAsync(new UrlQuery("unsubscribe").Add("topic", topic).Add("url", url).ToString(), cancellationToken);

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Delete,
            $"topic/{Uri.EscapeDataString(topic)}",
            null,
            null,
            _options.RequestTimeout,
            cancellationToken);

    public async Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(
        string topic, CancellationToken cancellationToken)
    {
        var query = new UrlQuery("queryKV").Add("cat", "topics").Add("key", topic);
        return CoordinatorJson.Subscribers(
            await GetAsync(query.ToString(), null, cancellationToken).ConfigureAwait(false));
    }

    private NotSupportedException NoWait() => new($"The coordinator at {Address} has no wait.");

    private Task<byte[]> GetAsync(string apiAndQuery, string? gid, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, apiAndQuery, null, gid, _options.RequestTimeout, cancellationToken);

    /// <summary>POST, or GET with a server that knows only that, such as DTM.</summary>
    private Task<byte[]> ChangeAsync(string apiAndQuery, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, apiAndQuery, null, null, _options.RequestTimeout, cancellationToken, orGet: true);

    private Task<byte[]> PostAsync(
        string api, TransactionRequest request, TimeSpan limit, CancellationToken cancellationToken)
    {
        request.Payloads = request.BinPayloads is { } payloads
            ? [.. payloads.Select(static payload => Payload.Text(payload.Span))]
            : null;
        for (var i = 0; i < request.BinCompensatePayloads?.Count; i++)
        {
            request.Steps![i]!.CompensatePayload = request.BinCompensatePayloads[i] is { } own
                ? Payload.Text(own.Span)
                : null;
        }

        return PostAsync(api, request, Written.TransactionRequest, request.Gid, limit, cancellationToken);
    }

    private Task<byte[]> PostAsync<T>(
        string api, T body, JsonTypeInfo<T> type, string? gid, TimeSpan limit, CancellationToken cancellationToken)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = Json;
        return SendAsync(HttpMethod.Post, api, content, gid, limit, cancellationToken);
    }

    private async Task<byte[]> SendAsync(
        HttpMethod method, string apiAndQuery, HttpContent? content, string? gid, TimeSpan limit,
        CancellationToken cancellationToken, bool orGet = false, bool isWait = false)
    {
        using var late = new CancellationTokenSource(limit, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        using var request = new HttpRequestMessage(method, $"{Address}/{apiAndQuery}") { Content = content };
        request.Headers.ExpectContinue = content?.Headers.ContentLength >= AskedBytesMin ? true : null;
        if (_options.ApiKey is { Length: > 0 } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (_namespace.Length > 0)
        {
            request.Headers.Add(NamespaceHeader.Name, _namespace);
        }

        try
        {
            using var http = _http.CreateClient(DtmHttpClients.Coordinator);
            using var response = await http.SendAsync(request, both.Token).ConfigureAwait(false);
            var body = await AnswerBody.ReadAsync(
                response.Content, http.MaxResponseContentBufferSize, both.Token).ConfigureAwait(false);
            if (orGet && (int)response.StatusCode is (404 or 405) && CoordinatorAnswers.Read(body).Result is null)
            {
                return await SendAsync(
                    HttpMethod.Get, apiAndQuery, null, gid, limit, cancellationToken).ConfigureAwait(false);
            }

            if (isWait && (int)response.StatusCode is (404 or 405 or ResultWords.OngoingStatus)
                && CoordinatorAnswers.Read(body).Result is null)
            {
                // 425 has the unfinished transaction. Other servers answer an unknown path without a result.
                return (int)response.StatusCode == ResultWords.OngoingStatus ? body : throw NoWait();
            }

            CoordinatorAnswers.EnsureSuccess((int)response.StatusCode, body, apiAndQuery.Split('?')[0], gid);
            return body;
        }
        catch (Exception e) when (e is not (DtmException or NotSupportedException)
            && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // Any type: handlers of the application (timeouts, circuit breakers) have their own.
            var why = late.IsCancellationRequested
                ? string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalSeconds} s")
                : e.Message;
            throw new DtmUnavailableException($"The coordinator at {Address} cannot be asked: {why}", e)
            {
                Gid = gid,
                Reason = why,
            };
        }
    }
}
