namespace OrleansDtm.Storage.Drivers;

/// <summary>
/// A store driver is unknown, or its registration is not complete. The message names the driver and what to do.
/// </summary>
public sealed class StoreDriverException(string message) : Exception(message);
