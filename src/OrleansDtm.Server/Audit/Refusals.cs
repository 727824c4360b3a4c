using System.Globalization;
using Grpc.AspNetCore.Server;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Audit;

/// <summary>
/// Records refused attempts. Bounds their number, so that they cannot fill the audit log: unauthenticated callers share
/// one budget, callers that lack a role another one.
/// </summary>
internal sealed class Refusals(AuditTrail trail, TimeProvider clock)
{
    /// <summary>
    /// Records of one budget in an interval. Further attempts are counted; the next record has their number.
    /// </summary>
    private const int Max = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Budget _unknown = new();
    private readonly Budget _known = new();

    /// <param name="context">The request.</param>
    /// <param name="message">The reason.</param>
    /// <param name="action">The name of the operation; null = from the request's path.</param>
    /// <param name="caller">Null = the caller of the request, if it is authenticated.</param>
    public void Record(HttpContext context, string message, string? action = null, Caller? caller = null)
    {
        caller ??= context.Features.Get<Caller>();
        if ((caller is null ? _unknown : _known).TryTake(clock) is not { } skipped)
        {
            return;
        }

        var more = skipped == 0 ? ""
            : string.Create(CultureInfo.InvariantCulture, $" ({skipped} more attempts before it were not recorded)");
        var gid = context.Request.Query["gid"] is [{ } one] ? one : "";
        trail.Refused(
            Requesters.Of(context, caller), action ?? ActionOf(context), new AuditSubject(gid, message + more));
    }

    /// <summary>
    /// The name of the operation in the HTTP API: <c>forceStop</c> for gRPC's <c>ForceStop</c> and the page's
    /// <c>force-stop</c>.
    /// </summary>
    internal static string ActionOf(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is { } grpc)
        {
            return Camel(grpc.Method.Name);
        }

        var path = context.Request.Path.Value ?? "";
        var last = path.TrimEnd('/');
        return path.EndsWith("/ui/session", StringComparison.OrdinalIgnoreCase)
            && HttpMethods.IsPost(context.Request.Method)
            ? AuditActions.SignIn
            : Camel(last[(last.LastIndexOf('/') + 1)..]);
    }

    private static string Camel(string name)
    {
        var words = name.Split('-', StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? "" : string.Concat(words.Select(static (word, i) =>
            (i == 0 ? char.ToLowerInvariant(word[0]) : char.ToUpperInvariant(word[0])) + word[1..]));
    }

    private sealed class Budget
    {
        private readonly Lock _gate = new();
        private long _started;
        private int _taken;
        private long _skipped;

        /// <returns>The attempts that were skipped since the last record; null = skip this one.</returns>
        public long? TryTake(TimeProvider clock)
        {
            lock (_gate)
            {
                var now = clock.GetTimestamp();
                if (_taken == 0 || clock.GetElapsedTime(_started, now) >= Interval)
                {
                    (_started, _taken) = (now, 0);
                }

                if (_taken == Max)
                {
                    _skipped++;
                    return null;
                }

                _taken++;
                var skipped = _skipped;
                _skipped = 0;
                return skipped;
            }
        }
    }
}
