namespace OrleansDtm.Client;

/// <summary>
/// The result of a step, as a T in JSON. Created by <see cref="Saga.Returns{T}"/> and <see cref="Msg.Returns{T}"/>.
/// </summary>
/// <typeparam name="T">What the action answers.</typeparam>
public sealed class StepResult<T>
{
    private readonly DtmOptions _options;

    internal StepResult(object owner, string branchId, DtmOptions options)
    {
        Owner = owner;
        BranchId = branchId;
        _options = options;
    }

    /// <summary>The steps to which it belongs.</summary>
    internal object Owner { get; }

    /// <summary>The step: 01, 02, ...</summary>
    public string BranchId { get; }

    /// <summary>Reads the result of a transaction that has succeeded.</summary>
    /// <param name="transaction">The result of a submit with a wait.</param>
    /// <exception cref="InvalidOperationException">The step has no result, or it was not kept.</exception>
    /// <exception cref="System.Text.Json.JsonException">The answer is not the JSON of a T.</exception>
    public T? In(TransactionResult transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return Read(transaction.Results.FirstOrDefault(result => result.BranchId == BranchId), transaction.Gid);
    }

    /// <summary>Reads the result of a transaction, which may be unfinished.</summary>
    /// <param name="transaction">With its branches.</param>
    /// <exception cref="InvalidOperationException">The step has no result yet, or it was not kept.</exception>
    /// <exception cref="System.Text.Json.JsonException">The answer is not the JSON of a T.</exception>
    public T? In(TransactionInfo transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return Read(
            transaction.Branches.Select(static branch => branch.Result).FirstOrDefault(
                result => result?.BranchId == BranchId),
            transaction.Gid);
    }

    private T? Read(StepAnswer? answer, string gid) => answer switch
    {
        null => throw new InvalidOperationException($"Step {BranchId} of {gid} has no result."),
        { Omitted: { } why } => throw new InvalidOperationException(
            $"The result of step {BranchId} of {gid} was not kept: {why}"),
        _ => Payload.Read<T>(answer.Body, _options),
    };
}
