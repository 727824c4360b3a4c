using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Makes the branch calls of the SDK: tries, XA actions, query_prepared. Interprets responses by DTM's rules.
/// </summary>
internal sealed class BranchCaller(
    IHttpClientFactory http, IEnumerable<IBranchTransport> transports, IOptions<DtmOptions> options, TimeProvider clock)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <param name="transaction">Gid, type, headers and request timeout of the call.</param>
    /// <param name="branchId">The branch id.</param>
    /// <param name="op">The op.</param>
    /// <param name="url">The URL; empty = no call.</param>
    /// <param name="body">Null = GET.</param>
    /// <param name="coordinator">The coordinator's address that is sent to the participant; null = none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<BranchResponse> CallAsync(
        TransactionRequest transaction, string branchId, string op, string url, byte[]? body, string? coordinator,
        CancellationToken cancellationToken)
    {
        if (url.Length == 0)
        {
            return new BranchResponse(default, options.Value.Json);
        }

        var limit = transaction.RequestTimeout is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : options.Value.BranchTimeout;
        using var late = new CancellationTokenSource(limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            if (transports.FirstOrDefault(transport => transport.Serves(url)) is { } other)
            {
                var message = await other.CallAsync(
                    transaction, branchId, op, url, body, coordinator, both.Token).ConfigureAwait(false);
                return new BranchResponse(message, options.Value.Json);
            }

            using var request = Request(transaction, branchId, op, url, body, coordinator);
            using var client = http.CreateClient(DtmHttpClients.Branches);
            using var response = await client.SendAsync(request, both.Token).ConfigureAwait(false);
            var answer = await AnswerBody.ReadAsync(
                response.Content, client.MaxResponseContentBufferSize, both.Token).ConfigureAwait(false);
            EnsureSuccess((int)response.StatusCode, answer, url, transaction.Gid);
            return new BranchResponse(answer, options.Value.Json);
        }
        catch (Exception e) when (e is not DtmException
            && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // Any type: handlers of the application (timeouts, circuit breakers) have their own.
            var why = late.IsCancellationRequested
                ? string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalSeconds} s")
                : e.Message;
            throw new BranchUnavailableException($"The branch {url} cannot be called: {why}", e)
            {
                Gid = transaction.Gid,
                Reason = why,
            };
        }
    }

    private static HttpRequestMessage Request(
        TransactionRequest transaction, string branchId, string op, string url, byte[]? body, string? coordinator)
    {
        var target = new UrlQuery(url)
            .Add(BranchQuery.Dtm, coordinator)
            .Add(BranchQuery.Gid, transaction.Gid)
            .Add(BranchQuery.TransType, transaction.TransType)
            .Add(BranchQuery.BranchId, branchId)
            .Add(BranchQuery.Op, op)
            .Add(BranchQuery.Phase2Url, transaction.TransType == TransTypes.Xa ? url : null);
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, target.ToString());
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = Json;
        }

        if (transaction.Namespace is { Length: > 0 } space)
        {
            request.Headers.Add(NamespaceHeader.Name, space);
        }

        foreach (var (name, value) in transaction.BranchHeaders ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Words in a body count as statuses, ONGOING first: participants in other languages rely on it.</summary>
    private static void EnsureSuccess(int status, byte[] body, string url, string? gid)
    {
        if (status == 200 && body.AsSpan().IndexOf("ONGOING"u8) < 0 && body.AsSpan().IndexOf("FAILURE"u8) < 0)
        {
            return;
        }

        var (_, text) = CoordinatorAnswers.Read(body);
        if (status == ResultWords.OngoingStatus || body.AsSpan().IndexOf("ONGOING"u8) >= 0)
        {
            throw new BranchOngoingException(text) { Gid = gid };
        }

        if (status == ResultWords.FailureStatus || body.AsSpan().IndexOf("FAILURE"u8) >= 0)
        {
            throw new BranchFailureException(text) { Gid = gid };
        }

        throw new BranchUnavailableException(
            string.Create(CultureInfo.InvariantCulture, $"The branch {url} answered {status}: {text}"))
        {
            Gid = gid,
            Reason = text,
        };
    }
}
