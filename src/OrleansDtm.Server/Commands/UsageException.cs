namespace OrleansDtm.Server.Commands;

/// <summary>The command line is invalid; the message names the argument and what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
