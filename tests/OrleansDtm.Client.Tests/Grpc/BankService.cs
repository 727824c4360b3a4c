using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.Grpc.Wire;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>The calls that the participant received, and its scripted responses.</summary>
public sealed class BankLog
{
    private readonly object _lock = new();
    private readonly List<string> _calls = [];
    private readonly Dictionary<string, Queue<Status>> _scripts = [];

    /// <summary>"method branch op" of each call that was run, in order.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    public byte[]? Note { get; private set; }

    public string? Header { get; private set; }

    /// <summary>Sets the responses of the next calls. Later calls do their work.</summary>
    public void On(string account, params Status[] statuses) => _scripts[account] = new Queue<Status>(statuses);

    public void Take(string method, BranchContext branch, Move move, ServerCallContext call)
    {
        lock (_lock)
        {
            _calls.Add($"{method} {branch.BranchId} {branch.Op}");
            (Note, Header) = (move.Note.ToByteArray(), call.RequestHeaders.GetValue("x-tenant"));
            if (_scripts.TryGetValue(move.Account, out var script) && script.Count > 0)
            {
                throw new RpcException(script.Dequeue());
            }
        }
    }
}

public sealed class BankService(LocalTransaction db, BankLog log) : Bank.BankBase
{
    [GrpcBranch(GrpcBranchKind.Barrier)]
    public override Task<Answer> Transfer(Move request, ServerCallContext context) =>
        Change(request, request.Amount, context, nameof(Transfer));

    [GrpcBranch(GrpcBranchKind.Barrier)]
    public override Task<Answer> TransferUndo(Move request, ServerCallContext context) =>
        Change(request, -request.Amount, context, nameof(TransferUndo));

    [GrpcBranch(GrpcBranchKind.Xa)]
    public override Task<Answer> Xa(Move request, ServerCallContext context) =>
        Change(request, request.Amount, context, nameof(Xa));

    [GrpcBranch(GrpcBranchKind.Plain)]
    public override Task<Answer> Plain(Move request, ServerCallContext context)
    {
        log.Take(nameof(Plain), context.Branch(), request, context);
        return request.Account switch
        {
            "refused" => throw new BranchFailureException("not today"),
            "ongoing" => throw new BranchOngoingException("come again"),
            _ => Task.FromResult(new Answer { Balance = request.Amount, Note = request.Note }),
        };
    }

    [GrpcBranch(GrpcBranchKind.QueryPrepared)]
    public override Task<Empty> QueryPrepared(Empty request, ServerCallContext context) =>
        throw new NotSupportedException("answered by the interceptor");

    public override Task<Answer> Ask(Move request, ServerCallContext context) =>
        Task.FromResult(new Answer { Balance = 1 });

    private async Task<Answer> Change(Move move, long amount, ServerCallContext call, string method)
    {
        log.Take(method, call.Branch(), move, call);
        var rows = await db.ExecuteAsync(
            $"update account set balance = balance + {amount} where name = {move.Account} and balance + {amount} >= 0");
        if (amount == 13)
        {
            call.Status = new Status(StatusCode.Aborted, "an unlucky number");
        }

        return rows == 1
            ? new Answer
            {
                Balance = await db.ScalarAsync<long>($"select balance from account where name = {move.Account}"),
                Note = move.Note,
            }
            : throw new BranchFailureException("balance too low");
    }
}
