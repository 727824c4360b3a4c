namespace OrleansDtm.Client.Tests;

/// <summary>A resilience handler of the application that throws its own type of exception.</summary>
internal sealed class Rejecting(Func<string, bool> rejects) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        rejects(request.RequestUri!.AbsolutePath)
            ? throw new RejectedException()
            : base.SendAsync(request, cancellationToken);

    internal sealed class RejectedException() : Exception("the circuit is open");
}
