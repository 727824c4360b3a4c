using System.Buffers;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OrleansDtm.Client.Grpc;

/// <summary>Unary calls of a workflow; others cannot be recorded.</summary>
internal abstract class UnaryInterceptor : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation) => new(
            CallAsync(request, context, continuation),
            Task.FromResult(Metadata.Empty),
            static () => Status.DefaultSuccess,
            static () => Metadata.Empty,
            static () => { });

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        throw new NotSupportedException("Steps of workflows are asynchronous: use the Async method.");

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        throw Streaming();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
        throw Streaming();

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        throw Streaming();

    protected abstract Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class;

    /// <summary>Makes the call: sends the step's identity and interprets the response.</summary>
    protected static async Task<TResponse> CallAsync<TRequest, TResponse>(
        WorkflowRun run,
        BranchContext step,
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata();
        foreach (var entry in (IEnumerable<Metadata.Entry>?)context.Options.Headers ?? [])
        {
            headers.Add(entry);
        }

        foreach (var entry in Identity.Of(step, run.CoordinatorAddress))
        {
            headers.Add(entry);
        }

        using var late = run.TimeLimit();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(
            context.Options.CancellationToken, run.Cancel, late.Token);
        var options = context.Options.WithHeaders(headers).WithCancellationToken(both.Token);
        try
        {
            using var call = continuation(
                request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, options));
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (Exception e) when (late.IsCancellationRequested && e is RpcException or OperationCanceledException)
        {
            throw new BranchUnavailableException($"The branch {context.Method.FullName} did not answer in time", e)
            {
                Gid = step.Gid,
                Reason = "did not answer in time",
            };
        }
        catch (RpcException e)
        {
            both.Token.ThrowIfCancellationRequested();
            throw GrpcStatuses.Outcome(e.Status, step.Gid) as Exception ?? e;
        }
    }

    private static NotSupportedException Streaming() =>
        new("A stream cannot be recorded: make it a step with DoAsync and another client.");
}

/// <summary>Calls within a step.</summary>
internal sealed class StepInterceptor(WorkflowStep step) : UnaryInterceptor
{
    protected override Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        CallAsync(step.Run, step.Context, request, context, continuation);
}

/// <summary>A call that is an action: made once, and later runs get the recorded response.</summary>
internal sealed class RecordingInterceptor(WorkflowRun run, Func<WorkflowBranch> branch) : UnaryInterceptor
{
    protected override async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        // Serialized the first time too, so that the result equals the recorded one.
        var answer = context.Method.ResponseMarshaller;
        var data = await branch().RecordAsync(async step =>
        {
            var bytes = new Written();
            answer.ContextualSerializer(
                await CallAsync(run, step.Context, request, context, continuation).ConfigureAwait(false), bytes);
            return bytes.Payload;
        }).ConfigureAwait(false);
        return answer.ContextualDeserializer(new Recorded(data));
    }
    private sealed class Written : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();
        private byte[]? _whole;

        public ReadOnlyMemory<byte> Payload => _whole ?? _buffer.WrittenMemory;

        public override void Complete(byte[] payload) => _whole = payload;

        public override void Complete()
        {
        }

        public override void SetPayloadLength(int payloadLength)
        {
        }

        public override IBufferWriter<byte> GetBufferWriter() => _buffer;
    }

    private sealed class Recorded(ReadOnlyMemory<byte> data) : DeserializationContext
    {
        public override int PayloadLength => data.Length;

        public override byte[] PayloadAsNewBuffer() => data.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(data);
    }
}
