using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Shared;

namespace OrleansDtm.Branches;

/// <summary>Registration for a silo that uses a coordinator in other silos.</summary>
public static class BranchSiloExtensions
{
    private const string CoordinatorAssembly = "OrleansDtm.Grains";

    /// <summary>
    /// Registers <see cref="ITransactions"/>, served by other silos of the cluster, for a silo that is not a
    /// coordinator. <c>AddOrleansDtm</c> registers it too. If the coordinator's grains are loaded here, they are not
    /// activated. Configure the same reminder service as on the coordinator's silos: Orleans distributes the reminders
    /// over all silos of a cluster.
    /// </summary>
    public static ISiloBuilder AddOrleansDtmClient(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        services.AddTransactions();
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        services.PostConfigure<GrainTypeOptions>(types =>
        {
            // An activation here would lack its services.
            if (!services.Any(
                static s => !s.IsKeyedService && s.ServiceType.Assembly.GetName().Name == CoordinatorAssembly))
            {
                types.Classes.RemoveWhere(static type => type.Assembly.GetName().Name == CoordinatorAssembly);
            }
        });
        return silo;
    }

    /// <summary>
    /// Lets branches call a grain of this silo: <c>grain://Name/key/Method</c>. Every client that may submit
    /// transactions may then call the registered methods, and no others, on any key. Call it on every silo that hosts
    /// the grain; coordinators find them through the cluster.
    /// </summary>
    /// <remarks>
    /// A method can be a branch if it is <c>Task M([T payload][, BranchContext context][, CancellationToken
    /// token])</c>, or Task&lt;R&gt;, ValueTask, ValueTask&lt;R&gt;. T is read from the payload as JSON; byte[] and
    /// ReadOnlyMemory&lt;byte&gt; get it as it is. Returning is success, a <see cref="BranchResult"/> sets the outcome,
    /// any other R is ignored. <see cref="BranchFailureException"/> is FAILURE, <see cref="BranchOngoingException"/>
    /// ONGOING; anything else, or no response within the timeout, is retried, so the same call can come more than once.
    /// The call takes its turn like any request to the grain, but grain call filters see it as a call of
    /// <see cref="IBranchTarget"/>.
    /// </remarks>
    /// <param name="silo">The silo.</param>
    /// <param name="alias">The name in URLs; null = that of the interface without its I.</param>
    /// <param name="methods">Methods that may be called; null = all that can be branches.</param>
    /// <param name="json">Options for payloads; null = those of <see cref="JsonSerializerDefaults.Web"/>.</param>
    /// <typeparam name="TGrainInterface">With a string, integer or guid key; not generic.</typeparam>
    /// <exception cref="ArgumentException">No method can be a branch, a method is overloaded, or the name is in use or
    /// invalid.</exception>
    public static ISiloBuilder AddBranchGrain<TGrainInterface>(
        this ISiloBuilder silo, string? alias = null, IEnumerable<string>? methods = null,
        JsonSerializerOptions? json = null)
        where TGrainInterface : IGrain
    {
        ArgumentNullException.ThrowIfNull(silo);
        var type = typeof(TGrainInterface);
        var grain = new RegisteredGrain(
            type, alias ?? BranchUrl.NameOf(type), methods, json ?? WebJson.Options);
        Registered(silo).Add(grain);
        return silo;
    }

    private static BranchGrains Registered(ISiloBuilder silo)
    {
        if (silo.Services.FirstOrDefault(static s => s.ServiceType == typeof(BranchGrains))?.ImplementationInstance
            is BranchGrains known)
        {
            return known;
        }

        var registered = new BranchGrains();
        silo.Services.AddSingleton(registered);
        silo.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IGrainPropertiesProvider, BranchManifest.Provider>());
        silo.AddGrainExtension<IBranchTarget, BranchTarget>();
        return registered;
    }
}
