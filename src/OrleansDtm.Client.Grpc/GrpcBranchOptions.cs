using System.Data.Common;
using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace OrleansDtm.Client.Grpc;

/// <summary>Options of all branches that are gRPC services.</summary>
public sealed class GrpcBranchOptions
{
    private readonly Dictionary<string, GrpcBranchKind> _kinds = new(StringComparer.Ordinal);

    /// <summary>
    /// Returns a new connection to the branches' database; it is disposed after the call. Default: the registered
    /// DbDataSource.
    /// </summary>
    public Func<IServiceProvider, DbConnection>? Database { get; set; }

    /// <summary>Registers a service with branches, by their <see cref="GrpcBranchAttribute"/>.</summary>
    /// <typeparam name="TService">The implementation, derived from the generated base class.</typeparam>
    /// <exception cref="ArgumentException">It has another base class, or no method has the attribute.</exception>
    public GrpcBranchOptions Add<TService>()
        where TService : class
    {
        var service = typeof(TService).GetCustomAttribute<BindServiceMethodAttribute>(inherit: true)?.BindType
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor
            ?? throw new ArgumentException(
                $"{typeof(TService)} is not derived from a service generated from a .proto file.");
        var any = false;
        foreach (var method in service.Methods)
        {
            if (typeof(TService).GetMethod(method.Name)?.GetCustomAttribute<GrpcBranchAttribute>() is { } branch)
            {
                _kinds[$"/{service.FullName}/{method.Name}"] = branch.Kind;
                any = true;
            }
        }

        return any ? this : throw new ArgumentException($"No method of {typeof(TService)} has [GrpcBranch].");
    }

    /// <returns>Null = the method is not a branch.</returns>
    internal GrpcBranchKind? Kind(string method) => _kinds.TryGetValue(method, out var kind) ? kind : null;
}
