using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client;
using OrleansDtm.Protocol;

namespace OrleansDtm.Testing.Hosting;

/// <summary>Serves the callback of the workflows that the test's own client runs.</summary>
internal sealed class WorkflowCallback(Func<IServiceProvider> client) : HttpMessageHandler
{
    public const string Host = "dtm-test-client";
    public const string Service = "http://" + Host;
    public const string Url = Service + "/workflows";

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var query = QueryHelpers.ParseQuery(request.RequestUri!.Query);
        var input = request.Content is null
            ? []
            : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var context = BranchContext.Read(name =>
                name == NamespaceHeader.Name && request.Headers.TryGetValues(name, out var spaces) ? spaces.Last()
                : query.TryGetValue(name, out var value) ? value.ToString()
                : null);
            var outcome = await client().GetRequiredService<WorkflowRuntime>()
                .ResumeAsync(context, input).ConfigureAwait(false);
            return outcome == BranchOutcome.Success
                ? Answer(HttpStatusCode.OK, ResultWords.Success)
                : Answer((HttpStatusCode)ResultWords.OngoingStatus, ResultWords.Ongoing);
        }
        catch (BranchOngoingException e)
        {
            return Answer((HttpStatusCode)ResultWords.OngoingStatus, e.Message);
        }
        catch (Exception e)
        {
            // As in an application: the coordinator shows it as the last error and calls again.
            return Answer(HttpStatusCode.InternalServerError, e.Message);
        }
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, string text) =>
        new(status) { Content = new StringContent(text) };
}
