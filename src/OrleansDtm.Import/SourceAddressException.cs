namespace OrleansDtm.Import;

/// <summary>
/// The address of DTM's database cannot be used; the message names the argument and what to write instead.
/// </summary>
internal sealed class SourceAddressException(string message) : Exception(message);
