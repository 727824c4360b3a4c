namespace OrleansDtm.Server.Security.Sessions;

/// <summary>Builds the cookies of the page: not readable by scripts, below its path, Secure under TLS.</summary>
internal sealed class PageCookie : CookieBuilder
{
    public PageCookie(PagePaths page, string name, SameSiteMode sameSite) =>
        (Name, SameSite, Path, HttpOnly, IsEssential) = (name, sameSite, page.Cookie, true, true);

    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var options = base.Build(context, expiresFrom);

        // A proxy may have terminated TLS; a client with a false header only locks itself out.
        options.Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"] == "https";
        return options;
    }
}
