using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client;

/// <summary>Registers workflows.</summary>
public static class WorkflowServiceCollectionExtensions
{
    /// <summary>
    /// Registers a workflow that returns something. Every instance of the application registers it, under the same name: the coordinator may
    /// ask any of them to go on with what another one began. It is executed by <see cref="IDtm.WorkflowAsync"/>.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="name">1 to 64 characters, unique in the application.</param>
    /// <param name="code">
    /// What it does, see <see cref="Workflow"/>. Input and result are stored as JSON, bytes and messages of protocol buffers as they are.
    /// </param>
    /// <param name="configure">Null = the defaults.</param>
    /// <exception cref="InvalidOperationException">Thrown when it is used: there are two of the name.</exception>
    public static IServiceCollection AddWorkflow<TInput, TResult>(
        this IServiceCollection services, string name, Func<Workflow, TInput, Task<TResult>> code, Action<WorkflowSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(code);
        return Add(services, name, configure, async (workflow, input, options) =>
        {
            var result = await code(workflow, Payload.Read<TInput>(input, options.Json)!).ConfigureAwait(false);
            return Payload.Bytes(result, options.Json);
        });
    }

    /// <summary>Registers a workflow that returns nothing.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="name">1 to 64 characters, unique in the application.</param>
    /// <param name="code">What it does, as in the other.</param>
    /// <param name="configure">Null = the defaults.</param>
    /// <exception cref="InvalidOperationException">Thrown when it is used: there are two of the name.</exception>
    public static IServiceCollection AddWorkflow<TInput>(
        this IServiceCollection services, string name, Func<Workflow, TInput, Task> code, Action<WorkflowSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(code);
        return Add(services, name, configure, async (workflow, input, options) =>
        {
            await code(workflow, Payload.Read<TInput>(input, options.Json)!).ConfigureAwait(false);
            return default;
        });
    }

    private static IServiceCollection Add(
        IServiceCollection services,
        string name,
        Action<WorkflowSettings>? configure,
        Func<Workflow, ReadOnlyMemory<byte>, DtmOptions, Task<ReadOnlyMemory<byte>>> code)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var settings = new WorkflowSettings();
        configure?.Invoke(settings);
        services.AddDtmClient();
        return services.AddSingleton(new WorkflowRegistration(name, settings, code));
    }
}
