using System.Data.Common;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// Interceptor for branches as methods of gRPC services. It reads the identity of the call
/// (<see cref="BranchCallExtensions.Branch"/>), runs branches with their barrier or in XA
/// (<see cref="GrpcBranchAttribute"/>), and answers <see cref="BranchFailureException"/> as ABORTED and
/// <see cref="BranchOngoingException"/> as FAILED_PRECONDITION. Other methods are unaffected. Add it to the server:
/// <c>AddGrpc(o => o.Interceptors.Add&lt;BranchInterceptor&gt;())</c>.
/// </summary>
/// <param name="services">Services of the request.</param>
/// <param name="branches">The methods that are branches.</param>
/// <param name="dtm">Options of the application.</param>
public sealed class BranchInterceptor(
    IServiceProvider services, IOptions<GrpcBranchOptions> branches, IOptions<DtmOptions> dtm)
    : Interceptor
{
    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        var kind = branches.Value.Kind(context.Method);
        var branch = Identity.Read(context.RequestHeaders);
        if (branch is null)
        {
            return kind is null
                ? await continuation(request, context).ConfigureAwait(false)
                : throw new RpcException(new Status(
                    StatusCode.InvalidArgument,
                    "the metadata must have dtm-gid, dtm-trans_type, dtm-branch_id and dtm-op"));
        }

        context.UserState[typeof(BranchContext)] = branch;
        context.UserState[typeof(BranchBarrier)] = new Lazy<BranchBarrier>(
            () => new BranchBarrier(branch, dtm.Value.Barrier));
        TResponse? response = null;
        try
        {
            await RunAsync(
                kind ?? GrpcBranchKind.Plain, branch, CallAsync, context.CancellationToken).ConfigureAwait(false);
        }
        catch (DtmException e) when (GrpcStatuses.Answer(e) is not null)
        {
            throw GrpcStatuses.Answer(e)!;
        }

        // If the barrier skipped the method, the response is an empty success.
        return response ?? Activator.CreateInstance<TResponse>();

        async Task CallAsync()
        {
            response = await continuation(request, context).ConfigureAwait(false);
            if (context.Status.StatusCode != StatusCode.OK)
            {
                // A failure status without an exception must have no effect either.
                throw new RpcException(context.Status);
            }
        }
    }

    private async Task RunAsync(
        GrpcBranchKind kind, BranchContext branch, Func<Task> business, CancellationToken cancel)
    {
        switch (kind)
        {
            case GrpcBranchKind.Barrier when branch.Op == BranchOps.Msg:
                throw new RpcException(new Status( // Its row would be that of the local transaction in question.
                    StatusCode.InvalidArgument,
                    "a branch with a barrier cannot answer query_prepared: mark a method as QueryPrepared"));
            case GrpcBranchKind.Barrier:
                var guarded = Connect();
                await using (guarded.ConfigureAwait(false))
                {
                    await new BranchBarrier(branch, dtm.Value.Barrier)
                        .CallAsync(
                            guarded,
                            transaction => WithinAsync(guarded, transaction, business),
                            cancel).ConfigureAwait(false);
                }

                break;
            case GrpcBranchKind.Xa:
                await new XaBranch(branch, Connect, new XaOptions { Barrier = dtm.Value.Barrier }).HandleAsync(
                    connection => WithinAsync(connection, null, business),
                    registering => services.GetRequiredService<IDtm>().RegisterXaBranchAsync(branch, registering),
                    cancel).ConfigureAwait(false);
                break;
            case GrpcBranchKind.QueryPrepared:
                var asked = Connect();
                await using (asked.ConfigureAwait(false))
                {
                    Check(await new BranchBarrier(branch, dtm.Value.Barrier)
                        .QueryPreparedAsync(asked, cancel).ConfigureAwait(false));
                }

                break;
            default:
                await business().ConfigureAwait(false);
                break;
        }
    }

    private async Task WithinAsync(DbConnection connection, DbTransaction? transaction, Func<Task> business)
    {
        using (services.GetRequiredService<LocalTransaction>().Begin(connection, transaction))
        {
            await business().ConfigureAwait(false);
        }
    }

    private DbConnection Connect() => branches.Value.Database?.Invoke(services)
        ?? services.GetService<DbDataSource>()?.CreateConnection()
        ?? throw new InvalidOperationException(
            "A barrier needs the database of the branch: set it in AddGrpcBranches, or register a DbDataSource.");

    private static void Check(BranchOutcome outcome)
    {
        switch (outcome)
        {
            case BranchOutcome.Failure:
                throw new BranchFailureException("the local transaction was not committed");
            case BranchOutcome.Ongoing:
                throw new BranchOngoingException("the local transaction is running");
            default:
                break;
        }
    }
}
