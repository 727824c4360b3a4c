using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Converts a response of the coordinator to an exception, or none.</summary>
internal static class CoordinatorAnswers
{
    private const int TextMax = 512;

    public static void EnsureSuccess(int status, byte[] body, string api, string? gid)
    {
        var (result, message) = Read(body);
        if (status == 200 && result is null or ResultWords.Success)
        {
            return;
        }

        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{api} was answered {status}{(gid is null ? "" : $" (gid {gid})")}: {message}");
        throw (status, result) switch
        {
            (ResultWords.OngoingStatus, not null) or (200, ResultWords.Ongoing) =>
                new BranchOngoingException(text) { Gid = gid, Reason = message },
            (ResultWords.FailureStatus, _) or (200, ResultWords.Failure) =>
                new DtmConflictException(text) { Gid = gid, Reason = message },
            (404, not null) => new DtmNotFoundException(text) { Gid = gid, Reason = message },
            // The coordinator sends these statuses only with its own word; without it they come from a proxy and are
            // temporary.
            (404 or 408 or ResultWords.OngoingStatus or 429, _) =>
                new DtmUnavailableException(text) { Gid = gid, Reason = message },
            _ when status is >= 400 and < 500 => new DtmInvalidRequestException(text) { Gid = gid, Reason = message },
            _ => new DtmUnavailableException(text) { Gid = gid, Reason = message },
        };
    }

    /// <summary>dtm_result (null = none) and the message, or the start of the body if there is none.</summary>
    public static (string? Result, string Message) Read(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                var result = CoordinatorJson.Text(json.RootElement, "dtm_result");
                var message = CoordinatorJson.Text(json.RootElement, "message");
                return (result.Length > 0 ? result : null, message.Length > 0 ? message : Start(body));
            }
        }
        catch (JsonException)
        {
            // Not JSON, such as a proxy's page: use its text.
        }

        return (null, Start(body));
    }

    private static string Start(byte[] body) => Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, TextMax)));
}
