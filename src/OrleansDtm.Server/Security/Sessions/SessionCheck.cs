using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// Whether a session is still valid: not signed out on any silo, its key in force with at least its role, its issuer
/// still that of the settings.
/// </summary>
internal sealed class SessionCheck(ApiKeyRing keys, EndedSessions ended, CoordinatorOptions options)
{
    private readonly string _tokens = Session.OriginOf(options.Security.Jwt);
    private readonly string _signIns = Session.OriginOf(options.Security.Oidc);

    public async ValueTask<Identified> Identify(Session session, CancellationToken cancellationToken)
    {
        var who = session.Kind switch
        {
            SessionKind.Key => ByKey(session),
            SessionKind.Token when options.Security.Jwt.IsOn && session.Origin == _tokens => ByIssuer(session),
            SessionKind.Oidc when options.Security.Oidc.IsOn && session.Origin == _signIns => ByIssuer(session),
            _ => Identified.No("the settings of the issuer have changed; sign in again"),
        };
        return who.Caller is not null && await ended.Contains(session.Id, cancellationToken)
            ? Identified.No("the session was ended; sign in again")
            : who;
    }

    private Identified ByKey(Session session)
    {
        if (keys.FindById(session.Origin, out var expired) is not { } key)
        {
            return keys.IsUndecidedId(session.Origin)
                ? Identified.NotNow("the file of the API key cannot be read [ODTM4006]")
                : Identified.No(expired ? "the API key has expired" : "the API key is unknown");
        }

        return key.Role < session.Role
            ? Identified.No("the API key has a lower role now; sign in again")
            : new Identified(new Caller(key.Name, session.Role, key, ByCookie: true), "");
    }

    private static Identified ByIssuer(Session session) =>
        new(new Caller(session.Name, session.Role, ByCookie: true) { Grant = session.Grant }, "");
}
