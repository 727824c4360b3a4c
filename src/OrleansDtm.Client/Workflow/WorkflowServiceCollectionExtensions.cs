using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client;

/// <summary>Registers workflows.</summary>
public static class WorkflowServiceCollectionExtensions
{
    /// <summary>
    /// Registers a workflow with a result. Every instance of the application must register it with the same name: the
    /// coordinator can resume it in any of them. Run it with <see cref="IDtm.WorkflowAsync"/>.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="name">1 to 64 characters, unique in the application.</param>
    /// <param name="code">The code, see <see cref="Workflow"/>. Input and result are stored as JSON, bytes and protobuf
    /// messages unchanged.</param>
    /// <param name="configure">Null = the defaults.</param>
    /// <exception cref="InvalidOperationException">Thrown on use: two workflows have this name.</exception>
    public static IServiceCollection AddWorkflow<TInput, TResult>(
        this IServiceCollection services, string name, Func<Workflow, TInput, Task<TResult>> code,
        Action<WorkflowSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(code);
        return Add(services, name, configure, async (workflow, input, options) =>
        {
            var result = await code(workflow, Payload.Read<TInput>(input, options)!).ConfigureAwait(false);
            return Payload.Bytes(result, options);
        });
    }

    /// <summary>Registers a workflow without a result.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="name">1 to 64 characters, unique in the application.</param>
    /// <param name="code">The code, as in the other overload.</param>
    /// <param name="configure">Null = the defaults.</param>
    /// <exception cref="InvalidOperationException">Thrown on use: two workflows have this name.</exception>
    public static IServiceCollection AddWorkflow<TInput>(
        this IServiceCollection services, string name, Func<Workflow, TInput, Task> code,
        Action<WorkflowSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(code);
        return Add(services, name, configure, async (workflow, input, options) =>
        {
            await code(workflow, Payload.Read<TInput>(input, options)!).ConfigureAwait(false);
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
