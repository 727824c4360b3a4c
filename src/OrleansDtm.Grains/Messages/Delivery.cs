using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Messages;

/// <summary>
/// Requests to grains. Orleans refuses, without executing it, a request that meets an activation on its way out: it is sent
/// again. Every request may be made twice anyway.
/// </summary>
internal static class Delivery
{
    /// <summary>Attempts of a request that Orleans refuses to deliver.</summary>
    private const int AttemptsMax = 10;

    /// <summary>Makes a request.</summary>
    /// <param name="request">Sends it.</param>
    /// <param name="clock">Paces the attempts.</param>
    /// <returns>Unavailable when it cannot be delivered, or is not answered in time.</returns>
    public static async Task<TransactionReply> Ask(Func<Task<TransactionReply>> request, TimeProvider clock)
    {
        DtmTracing.Carry();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await request();
            }
            catch (OrleansMessageRejectionException) when (attempt < AttemptsMax)
            {
                // The next attempt finds a new activation. When a silo leaves, the others learn it within seconds.
                await Task.Delay(TimeSpan.FromMilliseconds(5 << (attempt - 1)), clock);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return new TransactionReply { Kind = ReplyKind.Unavailable, Message = $"{e.Message} [ODTM4005]" };
            }
        }
    }

    /// <summary>Asks a question.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be answered now.</exception>
    public static async Task<T> Read<T>(Func<Task<T>> question)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await question();
            }
            catch (OrleansMessageRejectionException) when (attempt < AttemptsMax)
            {
                // As above.
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                throw new StoreUnavailableException($"{e.Message} [ODTM4005]", e);
            }
        }
    }
}
