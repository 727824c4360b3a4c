using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// What the coordinator calls over gRPC when a workflow was interrupted; to be mapped by MapGrpcService. <see cref="DtmOptions.WorkflowCallback"/>
/// is its address from outside, <c>host:port/workflow.Workflow/Execute</c>. OK = the workflow has ended, FAILED_PRECONDITION = it is at it.
/// </summary>
/// <param name="services">Of the application.</param>
public sealed class WorkflowGrpcService(IServiceProvider services) : Protocol.Wire.Workflow.WorkflowBase
{
    /// <inheritdoc/>
    public override async Task<Empty> Execute(WorkflowData request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        var branch = Identity.Read(context.RequestHeaders)
            ?? throw new RpcException(new Status(StatusCode.InvalidArgument, "the metadata does not say which workflow it is"));
        try
        {
            var outcome = await services.GetRequiredService<WorkflowRuntime>().ResumeAsync(branch, request.Data.Memory).ConfigureAwait(false);
            return outcome == BranchOutcome.Success ? new Empty() : throw new BranchOngoingException("the workflow is at it");
        }
        catch (BranchOngoingException e)
        {
            throw GrpcStatuses.Answer(e)!;
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, e.Message, e)); // It has been logged; the coordinator shows it as the last error.
        }
    }
}
