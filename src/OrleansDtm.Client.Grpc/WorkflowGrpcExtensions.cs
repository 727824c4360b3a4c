using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// gRPC calls in workflows: <c>new Bank.BankClient(branch.Grpc(channel))</c>. ABORTED is thrown as <see cref="BranchFailureException"/>,
/// FAILED_PRECONDITION as <see cref="BranchOngoingException"/>; any other RpcException as it is, see <see cref="WorkflowSettings.ErrorOutcome"/>.
/// Unary calls only.
/// </summary>
public static class WorkflowGrpcExtensions
{
    /// <summary>Each call is a branch of its own that nothing has to be done about later; it is made once and answered from the record afterwards.</summary>
    /// <param name="workflow">Under way.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this Workflow workflow, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new RecordingInterceptor(workflow.Run, workflow.NewBranch));
    }

    /// <summary>The call is the action of the branch: made once, answered from the record afterwards.</summary>
    /// <param name="branch">Without an action so far.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this WorkflowBranch branch, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(branch);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new RecordingInterceptor(branch.Run, () => branch));
    }

    /// <summary>Calls within a step: they tell the participant which one it is and are not recorded by themselves.</summary>
    /// <param name="step">Under way.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this WorkflowStep step, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new StepInterceptor(step));
    }

    /// <summary>What a participant answered over gRPC.</summary>
    /// <param name="response">Of a try or an XA action.</param>
    /// <exception cref="InvalidProtocolBufferException">It is no such message.</exception>
    public static TMessage ReadMessage<TMessage>(this BranchResponse response)
        where TMessage : IMessage<TMessage>, new()
    {
        ArgumentNullException.ThrowIfNull(response);
        var message = new TMessage();
        message.MergeFrom(response.Body.Span);
        return message;
    }
}
