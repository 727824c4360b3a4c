using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Calls of grains by the front end. A request that meets an activation on its way out is refused by Orleans without having been
/// executed: it is sent anew, and everything may be said twice anyway.
/// </summary>
internal static class GrainCalls
{
    /// <summary>How often a request is sent that Orleans refuses to deliver.</summary>
    private const int TriesMax = 8;

    /// <summary>A request; Unavailable when it cannot be delivered.</summary>
    public static async Task<TransactionReply> Ask(Func<Task<TransactionReply>> request)
    {
        DtmTracing.Carry();
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await request();
            }
            catch (OrleansMessageRejectionException) when (tries < TriesMax)
            {
                // The next try finds a new activation.
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return new TransactionReply { Kind = ReplyKind.Unavailable, Message = $"{e.Message} [ODTM4005]" };
            }
        }
    }

    /// <summary>A question.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be answered now.</exception>
    public static async Task<T> Read<T>(Func<Task<T>> question)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await question();
            }
            catch (OrleansMessageRejectionException) when (tries < TriesMax)
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
