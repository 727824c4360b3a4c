using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Converts exceptions of an endpoint to responses: 400 for invalid requests, 503 for store outages, 500 for defects.
/// </summary>
internal sealed class ErrorAnswers(RequestDelegate next, ILogger<ErrorAnswers> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (RequestException e) when (!context.Response.HasStarted)
        {
            await HttpAnswers.Result(context, StatusCodes.Status400BadRequest, ResultWords.Failure, e.Message);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            if (e.StatusCode is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status408RequestTimeout)
            {
                await HttpAnswers.Unavailable(context, e.Message, e.StatusCode);
                return;
            }

            await HttpAnswers.Result(context, e.StatusCode, ResultWords.Failure, $"body: {e.Message}");
        }
        catch (StoreTooLargeException e) when (!context.Response.HasStarted)
        {
            await HttpAnswers.Result(context, StatusCodes.Status413PayloadTooLarge, ResultWords.Failure, e.Message);
        }
        catch (StoreUnavailableException e) when (!context.Response.HasStarted)
        {
            await HttpAnswers.Unavailable(context, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException
            && context.RequestAborted.IsCancellationRequested)
        {
            // The caller has disconnected.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            using (LogScope.Begin(log, e))
            {
                log.RequestFailed(e, context.Request.Method, context.Request.Path);
            }

            await HttpAnswers.Result(
                context,
                StatusCodes.Status500InternalServerError,
                "ERROR",
                "internal error; the coordinator's log says more [ODTM1006]");
        }
    }
}
