using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>
/// The behaviour of IDtm that must not depend on the protocol. Each scenario runs over HTTP and over gRPC.
/// </summary>
public abstract class Conformance(RunningCoordinator coordinator) : IAsyncLifetime
{
    private protected const string WorkflowName = "conforms";
    private protected const string OtherWorkflowName = "conforms-too";
    private ServiceProvider _client = null!;

    protected RunningCoordinator Coordinator => coordinator;

    private protected Participant Bank { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected IDtm Dtm => _client.Dtm();

    public async ValueTask InitializeAsync()
    {
        Bank = await Participant.Start();
        _client = Register();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await Bank.DisposeAsync();
        Check();
        GC.SuppressFinalize(this);
    }

    protected abstract ServiceProvider Register();

    /// <summary>Runs after the test.</summary>
    protected virtual void Check()
    {
    }

    protected static void Add(IServiceCollection services) =>
        services
            .AddWorkflow<string, string>(OtherWorkflowName, static (_, input) => Task.FromResult(input))
            .AddWorkflow<string, string>(WorkflowName, static (_, input) => input == "refuse"
                ? throw new BranchFailureException("not today")
                : Task.FromResult(input));

    protected string Url(string path) => $"{Bank.Url}/{path}";

    protected static async Task<T> Refused<T>(string? gid, GlobalStatus? status, Func<Task> request)
        where T : DtmException
    {
        var error = await Assert.ThrowsAsync<T>(request);
        Assert.Equal((gid, status), (error.Gid, error.Status));
        Assert.NotEmpty(error.Reason!);
        return error;
    }
}
