namespace OrleansDtm.Testing;

/// <summary>
/// An assertion failed, or a test is set up wrongly. The message has the timeline of the transaction.
/// </summary>
/// <param name="message">The error text.</param>
public sealed class DtmTestException(string message) : Exception(message);
