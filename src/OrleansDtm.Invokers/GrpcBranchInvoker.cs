using System.Globalization;
using System.Text;
using Grpc.Core;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Calls branches over gRPC as DTM does: the payload is the message, the metadata identifies the call.
/// </summary>
public sealed class GrpcBranchInvoker(InvokerOptions options, TimeProvider clock) : IBranchInvoker, IDisposable
{
    /// <summary>
    /// Metadata that gRPC sets itself, in addition to connection headers; branch_headers must not override it.
    /// </summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "content-type", "host", "user-agent",
        BranchMetadata.Gid, BranchMetadata.TransType, BranchMetadata.BranchId, BranchMetadata.Op, BranchMetadata.Dtm,
        NamespaceHeader.Name,
    };

    private readonly GrpcChannels _channels = new(options, clock);

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (GrpcTarget.Parse(call.Url) is not { } target)
        {
            return Outcome.Unknown(
                $"'{call.Url}' is not the address of a gRPC method; write host:port/package.Service/Method");
        }

        CallSpans.Describe(call.Span, target);
        try
        {
            using var lease = _channels.Rent(target);
            if (lease is null)
            {
                return Outcome.Unknown($"{options.GrpcChannelsMax} services are in use; no channel is free");
            }

            var max = call.ResultBytesMax;
            using var answer = lease.Invoker.AsyncUnaryCall(
                max > 0 ? RawMethod.WithAnswer(lease.Method) : lease.Method,
                host: null,
                new CallOptions(Metadata(call), Deadline(call), cancellationToken),
                call);
            var message = await answer.ResponseAsync.ConfigureAwait(false) as byte[];
            call.Span?.SetTag(CallSpans.GrpcStatus, (int)StatusCode.OK);
            return max == 0 ? Outcome.Succeeded : Outcome.Succeeded with
            {
                Answer = message?.Length <= max ? new StepResult(message) : StepResult.TooLong(max),
            };
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            return Outcome.Unknown("no answer within the request timeout");
        }
        catch (RpcException e)
        {
            call.Span?.SetTag(CallSpans.GrpcStatus, (int)e.StatusCode);
            return e is { StatusCode: StatusCode.DeadlineExceeded, Status.Detail.Length: 0 }
                ? Outcome.Unknown("no answer within the request timeout")
                : OutcomeRules.FromGrpc(e.StatusCode, e.Status.Detail) with { RetryAfter = Pushback(e) };
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or InvalidOperationException or NotSupportedException
                or OverflowException or HttpRequestException or IOException or OperationCanceledException)
        {
            return Outcome.Unknown(e.Message);
        }
    }

    public void Dispose() => _channels.Dispose();

    /// <summary>By the machine's clock, as gRPC uses it. The service receives grpc-timeout.</summary>
    private static DateTime? Deadline(BranchInvocation call) =>
        call.Timeout > TimeSpan.Zero ? TimeProvider.System.GetUtcNow().UtcDateTime + call.Timeout : null;

    /// <summary>The pushback of an overloaded service, as in gRPC's retry design.</summary>
    private static TimeSpan Pushback(RpcException e) =>
        e.StatusCode is StatusCode.Unavailable or StatusCode.ResourceExhausted
        && long.TryParse(
            e.Trailers.GetValue("grpc-retry-pushback-ms"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var milliseconds)
            ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue))
            : TimeSpan.Zero;

    private static Metadata Metadata(BranchInvocation call)
    {
        var metadata = new Metadata
        {
            { BranchMetadata.Gid, call.ToldGid },
            { BranchMetadata.TransType, Names.Of(call.Type) },
            { BranchMetadata.BranchId, call.BranchId },
            { BranchMetadata.Op, call.Op },
            { BranchMetadata.Dtm, "" },
        };
        if (call.Namespace is { Length: > 0 } space)
        {
            metadata.Add(NamespaceHeader.Name, space);
        }

        if (call.ToldTrace is { } trace)
        {
            Add(metadata, CallSpans.Parent, trace.Parent);
            if (trace.State.Length > 0)
            {
                Add(metadata, CallSpans.State, trace.State);
            }
        }

        if (call.Headers is null)
        {
            return metadata;
        }

        foreach (var (name, value) in call.Headers)
        {
            if (value is not null
                && !Reserved.Contains(name)
                && !ConnectionHeaders.Contains(name)
                && !CallSpans.IsTrace(name)
                && !name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase))
            {
                Add(metadata, name, value);
            }
        }

        return metadata;
    }

    /// <summary>Refuses line breaks, which would add a header. The metadata entry checks its name itself.</summary>
    private static void Add(Metadata metadata, string name, string value)
    {
        if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw new FormatException($"the branch header '{name}' cannot be sent");
        }

        metadata.Add(name.EndsWith(Grpc.Core.Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase)
            ? new Metadata.Entry(name, Encoding.UTF8.GetBytes(value))
            : new Metadata.Entry(name, value));
    }
}
