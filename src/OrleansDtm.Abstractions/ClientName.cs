namespace OrleansDtm.Abstractions;

/// <summary>The name of an Orleans client for the coordinator's audit log.</summary>
internal static class ClientName
{
    /// <summary>The name's key in the request context. The coordinator reads it (TransactionsGrain).</summary>
    public const string Key = "dtm.client";

    /// <summary>The program and its machine, such as <c>Orders@web-1</c>.</summary>
    public static string Own { get; } = $"{AppDomain.CurrentDomain.FriendlyName}@{Environment.MachineName}";
}
