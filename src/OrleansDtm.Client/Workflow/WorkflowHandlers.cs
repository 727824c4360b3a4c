using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Calls within a step: sends the step's identity and interprets the response.</summary>
internal class StepHandler(WorkflowRun run, BranchContext? context) : DelegatingHandler
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        Answer(await CallAsync(request, context!, cancellationToken).ConfigureAwait(false));

    /// <summary>The same for a response and a recorded one.</summary>
    protected static HttpResponseMessage Answer(ReadOnlyMemory<byte> body)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = Json;
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    protected async Task<ReadOnlyMemory<byte>> CallAsync(
        HttpRequestMessage request, BranchContext step, CancellationToken cancellationToken)
    {
        // Without a fragment.
        var url = request.RequestUri!.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);
        BranchUrls.Check(url, nameof(request));
        request.RequestUri = new Uri(new UrlQuery(url)
            .Add(BranchQuery.Gid, step.Gid)
            .Add(BranchQuery.TransType, step.TransType)
            .Add(BranchQuery.BranchId, step.BranchId)
            .Add(BranchQuery.Op, step.Op)
            .ToString());
        request.Headers.Remove(NamespaceHeader.Name);
        if (step.Namespace.Length > 0)
        {
            request.Headers.Add(NamespaceHeader.Name, step.Namespace);
        }

        using var late = run.TimeLimit();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, run.Cancel, late.Token);
        try
        {
            using var answer = await base.SendAsync(request, both.Token).ConfigureAwait(false);
            // .NET 8 cannot cancel it; disposing the answer ends it.
#pragma warning disable CA2016
            await answer.Content.LoadIntoBufferAsync(DtmHttpClients.ResponseBytesMax)
                .WaitAsync(both.Token).ConfigureAwait(false);
#pragma warning restore CA2016
            var body = await AnswerBody.ReadAsync(
                answer.Content, DtmHttpClients.ResponseBytesMax, both.Token).ConfigureAwait(false);
            return run.Registration.Settings.HttpOutcome(answer, body) switch
            {
                BranchOutcome.Success => body,
                BranchOutcome.Failure =>
                    throw new BranchFailureException(CoordinatorAnswers.Read(body).Message) { Gid = run.Gid },
                BranchOutcome.Ongoing =>
                    throw new BranchOngoingException(CoordinatorAnswers.Read(body).Message) { Gid = run.Gid },
                _ => throw Unavailable(url, string.Create(
                    CultureInfo.InvariantCulture,
                    $"answered {(int)answer.StatusCode}: {CoordinatorAnswers.Read(body).Message}"), null),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || (e is OperationCanceledException && late.IsCancellationRequested))
        {
            throw Unavailable(
                url, late.IsCancellationRequested ? "did not answer in time" : $"cannot be called: {e.Message}", e);
        }
    }

    private BranchUnavailableException Unavailable(string url, string why, Exception? cause) =>
        new($"The branch {url} {why}", cause) { Gid = run.Gid, Reason = why };
}

/// <summary>A call that is an action: made once, later runs get the record.</summary>
internal sealed class RecordingHandler(WorkflowRun run, Func<WorkflowBranch> branch) : StepHandler(run, null)
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        Answer(await branch().RecordAsync(
            step => CallAsync(request, step.Context, cancellationToken)).ConfigureAwait(false));
}
