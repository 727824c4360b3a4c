using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using OrleansDtm.Testing.Journals;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing.Calls;

/// <summary>
/// The branch calls that the SDK of a submitter makes itself (the try of a TCC, the action of XA, steps of a workflow):
/// recorded, counted as work, and with the scripted faults.
/// </summary>
internal sealed class ClientCalls(HttpMessageHandler router, Pacer pacer, Scripts scripts, Journal journal)
    : HttpMessageHandler
{
    /// <summary>The SDK's default of BranchTimeout.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _branches = new(router, disposeHandler: false);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var query = QueryHelpers.ParseQuery(request.RequestUri!.Query);
        var (gid, op) = (query["gid"].ToString(), query["op"].ToString());
        var url = Scripts.Normal(request.RequestUri.AbsoluteUri);
        using var work = pacer.Begin($"the call {op} {url} of {gid} by its submitter");
        if (gid.Length == 0)
        {
            return await _branches.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var fault = scripts.Next(url, gid);
        var record = journal.Called(gid, query["branch_id"].ToString(), op, url, 0, fault.Name);
        try
        {
            var response = await Send(request, gid, fault, work, cancellationToken).ConfigureAwait(false);
            await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            journal.Answered(record, OutcomeOf(response.StatusCode, text), text);
            return response;
        }
        catch (Exception e)
        {
            journal.Answered(record, CallOutcome.Unknown, e.Message);
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _branches.Dispose();
        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> Send(
        HttpRequestMessage request, string gid, Fault fault, Work work, CancellationToken cancellationToken)
    {
        switch (fault.Kind)
        {
            case FaultKind.None:
                return await _branches.SendAsync(request, cancellationToken).ConfigureAwait(false);
            case FaultKind.Fails:
                return Answer(HttpStatusCode.InternalServerError, "scripted failure");
            case FaultKind.AnswersOngoing:
                return Answer((HttpStatusCode)425, fault.Text);
            case FaultKind.Refuses:
                return Answer(HttpStatusCode.Conflict, fault.Text);
            case FaultKind.TimesOut:
                await pacer.WaitFor(gid, work, Timeout).ConfigureAwait(false);
                throw new HttpRequestException(fault.Text);
            case FaultKind.LosesAnswer:
                (await _branches.SendAsync(request, cancellationToken).ConfigureAwait(false)).Dispose();
                throw new HttpRequestException(fault.Text);
            case FaultKind.DeliversTwice:
                using (var copy = await Copy(request, cancellationToken).ConfigureAwait(false))
                {
                    var first = await _branches.SendAsync(request, cancellationToken).ConfigureAwait(false);
                    (await _branches.SendAsync(copy, cancellationToken).ConfigureAwait(false)).Dispose();
                    return first;
                }

            case FaultKind.ArrivesLate when fault.Delay < Timeout:
                await pacer.WaitFor(gid, work, fault.Delay).ConfigureAwait(false);
                return await _branches.SendAsync(request, cancellationToken).ConfigureAwait(false);
            case FaultKind.ArrivesLate:
                _ = Arrive(await Copy(request, cancellationToken).ConfigureAwait(false), gid, fault);
                await pacer.WaitFor(gid, work, Timeout).ConfigureAwait(false);
                throw new HttpRequestException(fault.Text);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>A call that its caller no longer waits for.</summary>
    private async Task Arrive(HttpRequestMessage request, string gid, Fault fault)
    {
        var url = Scripts.Normal(request.RequestUri!.AbsoluteUri);
        var query = QueryHelpers.ParseQuery(request.RequestUri.Query);
        using var work = pacer.Begin($"a late call of {url}");
        if (!await work.While(pacer.Delay(fault.Delay)).ConfigureAwait(false))
        {
            return; // The branches may be gone too.
        }

        var record = journal.Called(
            gid, query["branch_id"].ToString(), query["op"].ToString(), url, 0, "a late call");
        try
        {
            using var late = request;
            using var response = await _branches.SendAsync(late, CancellationToken.None).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false);
            journal.Answered(record, OutcomeOf(response.StatusCode, text), text);
        }
        catch (Exception e)
        {
            journal.Answered(record, CallOutcome.Unknown, e.Message); // In the timeline; no caller waits for it.
        }
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, string text) =>
        new(status) { Content = new StringContent(text) };

    private static async Task<HttpRequestMessage> Copy(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var copy = new HttpRequestMessage(request.Method, request.RequestUri)
        {
            Version = request.Version,
            VersionPolicy = request.VersionPolicy,
        };
        foreach (var (name, values) in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(name, values);
        }

        if (request.Content is { } content)
        {
            copy.Content = new ByteArrayContent(
                await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
            foreach (var (name, values) in content.Headers)
            {
                copy.Content.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return copy;
    }

    /// <summary>DTM's rules: words in the body count as statuses, ONGOING first.</summary>
    private static CallOutcome OutcomeOf(HttpStatusCode status, string text) =>
        (int)status == 425 || text.Contains("ONGOING", StringComparison.Ordinal) ? CallOutcome.Ongoing
        : status == HttpStatusCode.Conflict || text.Contains("FAILURE", StringComparison.Ordinal) ? CallOutcome.Failed
        : status == HttpStatusCode.OK ? CallOutcome.Succeeded
        : CallOutcome.Unknown;
}
