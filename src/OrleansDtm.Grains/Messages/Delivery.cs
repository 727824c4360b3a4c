using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Messages;

/// <summary>
/// Sends requests to grains. Orleans rejects a request to an activation that is deactivating, without executing it;
/// such a request is retried. All requests are idempotent.
/// </summary>
internal static class Delivery
{
    /// <summary>The maximum number of attempts of a request that Orleans rejects.</summary>
    private const int AttemptsMax = 10;

    /// <summary>Sends a request with retries.</summary>
    /// <param name="request">Sends the request.</param>
    /// <param name="clock">Delays the retries.</param>
    /// <returns>Unavailable if the request cannot be delivered or gets no response in time.</returns>
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
                // The next attempt finds a new activation. The silos learn within seconds that a silo has left.
                await Task.Delay(TimeSpan.FromMilliseconds(5 << (attempt - 1)), clock);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return new TransactionReply { Kind = ReplyKind.Unavailable, Message = $"{e.Message} [ODTM4005]" };
            }
            catch (NotSupportedException e)
            {
                // It could not read the message. Nothing was stored.
                return new TransactionReply
                {
                    Kind = ReplyKind.Unavailable,
                    Message = "the silo that owns it runs an earlier version, which does not know a field of the "
                        + $"request: {e.Message} [ODTM4012]",
                };
            }
        }
    }

    /// <summary>Sends a query with retries.</summary>
    /// <exception cref="StoreUnavailableException">The grain or its store is unavailable.</exception>
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
