using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Audit;

/// <summary>Runs requests and records their outcomes in the audit log.</summary>
public sealed class AuditedRequests(AuditTrail trail, ITransactionStore store)
{
    /// <summary>Runs a request of an application.</summary>
    public Task<TransactionReply> Request(
        Requester by, string action, string? gid, Func<Task<TransactionReply>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return trail.IncludesRequests ? Recorded() : run();

        async Task<TransactionReply> Recorded()
        {
            try
            {
                var reply = await run();
                trail.Request(by, action, OutcomeOf(reply), new AuditSubject(gid ?? "", reply.Message));
                return reply;
            }
            catch (Exception e) when (OutcomeOf(e) is { } outcome)
            {
                trail.Request(by, action, outcome, new AuditSubject(gid ?? "", e.Message));
                throw;
            }
        }
    }

    /// <summary>Runs an operator's action on a transaction.</summary>
    /// <param name="by">The operator.</param>
    /// <param name="action">The name of the action.</param>
    /// <param name="gid">The gid as the request has it.</param>
    /// <param name="detail">The part of the transaction, and the operator's reason.</param>
    /// <param name="run">Gets the checked gid as it is stored.</param>
    /// <exception cref="RequestException">The request is invalid.</exception>
    public Task<TransactionReply> Operation(
        Requester by, string action, string? gid, string detail, Func<string, Task<TransactionReply>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var before = "";
        return Operation(by, action, () => new AuditSubject(gid ?? "", detail, before), async () =>
        {
            var known = RequestValidator.Gid(gid, by.Namespace);
            var found = await store.Load(known, CancellationToken.None);
            before = found is null ? "" : Names.Of(found.Transaction.Status);
            return await run(known);
        });
    }

    /// <summary>Runs an operator's action that is not about one transaction, such as on a topic.</summary>
    /// <exception cref="RequestException">The request is invalid.</exception>
    public Task<TransactionReply> Operation(
        Requester by, string action, string detail, Func<Task<TransactionReply>> run) =>
        Operation(by, action, () => new AuditSubject("", detail), run);

    private async Task<TransactionReply> Operation(
        Requester by, string action, Func<AuditSubject> subject, Func<Task<TransactionReply>> run)
    {
        try
        {
            var reply = await run();
            var about = subject();
            await trail.Operation(
                by, action, OutcomeOf(reply), about with
                {
                    After = about.Gid.Length > 0 ? reply.Status : "",
                    Detail = Join(about.Detail, reply.Message),
                });
            return reply;
        }
        catch (Exception e) when (OutcomeOf(e) is { } outcome)
        {
            var about = subject();
            await trail.Operation(by, action, outcome, about with { Detail = Join(about.Detail, e.Message) });
            throw;
        }
    }

    private static string Join(string detail, string message) =>
        detail.Length == 0 ? message
        : message.Length == 0 ? detail
        : $"{detail}: {message}";

    private static string OutcomeOf(TransactionReply reply) => reply.Kind switch
    {
        ReplyKind.Ok => AuditOutcomes.Done,
        ReplyKind.Unavailable => AuditOutcomes.Failed,
        _ => AuditOutcomes.Rejected,
    };

    private static string? OutcomeOf(Exception e) => e switch
    {
        RequestException or StoreTooLargeException => AuditOutcomes.Rejected,
        OperationCanceledException => null,
        _ => AuditOutcomes.Failed,
    };
}
