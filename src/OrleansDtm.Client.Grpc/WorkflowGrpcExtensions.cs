using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// gRPC calls in workflows: <c>new Bank.BankClient(branch.Grpc(channel))</c>. ABORTED is thrown as
/// <see cref="BranchFailureException"/>, FAILED_PRECONDITION as <see cref="BranchOngoingException"/>; any other
/// RpcException as it is, see <see cref="WorkflowSettings.ErrorOutcome"/>. Unary calls only.
/// </summary>
public static class WorkflowGrpcExtensions
{
    /// <summary>
    /// Each call is a branch without a hook; it is made once, and later runs get the recorded response.
    /// </summary>
    /// <param name="workflow">The current run.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this Workflow workflow, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new RecordingInterceptor(workflow.Run, workflow.NewBranch));
    }

    /// <summary>The call is the action of the branch: made once, and later runs get the recorded response.</summary>
    /// <param name="branch">A branch without an action.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this WorkflowBranch branch, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(branch);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new RecordingInterceptor(branch.Run, () => branch));
    }

    /// <summary>Calls within a step: they send the step's identity and are not recorded.</summary>
    /// <param name="step">The current step.</param>
    /// <param name="channel">To the participant.</param>
    public static CallInvoker Grpc(this WorkflowStep step, ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(new StepInterceptor(step));
    }

    /// <summary>The response of a participant over gRPC.</summary>
    /// <param name="response">Response of a try or an XA action.</param>
    /// <exception cref="InvalidProtocolBufferException">The response is another message.</exception>
    public static TMessage ReadMessage<TMessage>(this BranchResponse response)
        where TMessage : IMessage<TMessage>, new()
    {
        ArgumentNullException.ThrowIfNull(response);
        var message = new TMessage();
        message.MergeFrom(response.Body.Span);
        return message;
    }
}
