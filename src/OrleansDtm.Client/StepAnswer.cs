namespace OrleansDtm.Client;

/// <summary>The result of a step: what its action answered.</summary>
/// <param name="BranchId">The step: 01, 02, ...</param>
/// <param name="Body">The answer as the service sent it, decompressed.</param>
/// <param name="Omitted">Why the body is missing, for example because it is too long; null = it is complete.</param>
public sealed record StepAnswer(string BranchId, ReadOnlyMemory<byte> Body, string? Omitted = null);
