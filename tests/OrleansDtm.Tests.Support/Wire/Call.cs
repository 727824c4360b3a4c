namespace OrleansDtm.Tests.Support.Wire;

/// <summary>A call that a branch service received.</summary>
/// <param name="Order">0, 1, 2, ... in the order of arrival.</param>
/// <param name="At">The time of arrival by the participant's clock.</param>
public sealed record Call(
    int Order,
    TimeSpan At,
    string Method,
    string Path,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Headers,
    string Body)
{
    public string Gid => Query.GetValueOrDefault("gid", "");

    public string Branch => Query.GetValueOrDefault("branch_id", "");

    public string Op => Query.GetValueOrDefault("op", "");
}

/// <summary>The response of a branch service.</summary>
public sealed record Reply(int Status, string Body = "")
{
    public static readonly Reply Success = new(200, """{"dtm_result":"SUCCESS"}""");

    public static readonly Reply Error = new(500, """{"error":"boom"}""");

    public static readonly Reply Refusal = new(409, """{"error":"balance too low"}""");

    public static readonly Reply Ongoing = new(425, """{"dtm_result":"ONGOING"}""");

    /// <summary>The body if it is not text; null = <see cref="Body"/>.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>The response is sent when the gate is open; null = at once.</summary>
    public Gate? Gate { get; init; }

    /// <summary>The delay before the response is sent; zero = at once.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The target of a redirect.</summary>
    public string? Location { get; init; }

    /// <summary>The Retry-After header; null = none.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>True = the connection is closed without a response.</summary>
    public bool Drops { get; init; }

    public Reply After(Gate gate) => this with { Gate = gate };
}

/// <summary>Holds a response back until the test opens it.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Opened => _opened.Task;

    public void Open() => _opened.TrySetResult();
}
