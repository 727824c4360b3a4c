using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// The callback with which the coordinator resumes workflows over gRPC; map it with MapGrpcService.
/// <see cref="DtmOptions.WorkflowCallback"/> is its address, <c>host:port/workflow.Workflow/Execute</c>. OK = the
/// workflow has ended, FAILED_PRECONDITION = it is running.
/// </summary>
/// <param name="services">Services of the application.</param>
public sealed class WorkflowGrpcService(IServiceProvider services) : Protocol.Wire.Workflow.WorkflowBase
{
    /// <inheritdoc/>
    public override async Task<Empty> Execute(WorkflowData request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        var branch = Identity.Read(context.RequestHeaders)
            ?? throw new RpcException(
                new Status(StatusCode.InvalidArgument, "the metadata does not identify a workflow"));
        try
        {
            var outcome = await services.GetRequiredService<WorkflowRuntime>()
                .ResumeAsync(branch, request.Data.Memory).ConfigureAwait(false);
            return outcome == BranchOutcome.Success
                ? new Empty()
                : throw new BranchOngoingException("the workflow is running");
        }
        catch (BranchOngoingException e)
        {
            throw GrpcStatuses.Answer(e)!;
        }
        catch (Exception e) when (e is not RpcException)
        {
            // Already logged; the coordinator shows it as the last error.
            throw new RpcException(new Status(StatusCode.Internal, e.Message, e));
        }
    }
}
