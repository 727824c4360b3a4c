using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.ServiceDiscovery;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Invokers;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Browsers;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Server.Security.OpenId;
using OrleansDtm.Server.Security.Sessions;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security;

/// <summary>Adds authentication to the application.</summary>
internal static class SecurityHosting
{
    /// <param name="services">The service collection.</param>
    /// <param name="options">The settings.</param>
    /// <param name="pagePath">Path of the admin page.</param>
    public static void AddSecurity(this IServiceCollection services, CoordinatorOptions options, string pagePath)
    {
        var targets = BranchCalls.Targets(options.Branches);
        services.PostConfigure<DtmGrainOptions>(grains => grains.Requests.Targets = targets);
        services.AddSingleton(new PagePaths(pagePath));
        services.AddSingleton(static provider => new ApiKeyRing(
            provider.GetRequiredService<CoordinatorOptions>().Security,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ApiKeyRing>>()));
        services.AddSingleton<EndedSessions>();
        services.AddSingleton<SignInGuard>();
        services.AddSingleton<KeyCheck>();
        services.AddSingleton<ProofCheck>();
        services.AddSingleton<SessionApi>();
        services.AddSingleton<Refusals>();
        services.AddSingleton<OidcApi>();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton(provider => BranchCalls.Create(
            options.Branches,
            targets,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<InvokerOptions>>(),
            provider.GetService<ServiceEndpointResolver>()));
        if (options.Security.IsOn)
        {
            services.AddAccess(options, pagePath);
            services.AddSingleton<CallerUsage>();
            services.AddSingleton<ICallerActivity>(
                static provider => provider.GetRequiredService<CallerUsage>());
            services.Configure<GrpcServiceOptions<GrpcApi>>(static grpc => grpc.Interceptors.Add<GrpcBodyLimit>());
            services.Configure<GrpcServiceOptions<CoordinatorApi>>(
                static grpc => grpc.Interceptors.Add<GrpcBodyLimit>());
        }

        if (options.Security.Jwt.IsOn)
        {
            services.AddSingleton(static provider => new TokenCheck(
                provider.GetRequiredService<CoordinatorOptions>().Security.Jwt,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<TokenCheck>>()));
        }
    }

    private static void AddAccess(this IServiceCollection services, CoordinatorOptions options, string pagePath)
    {
        // No default scheme: only the policies authenticate, and only where a role is needed.
        var (tokens, page) = (options.Security.Jwt.IsOn, new PagePaths(pagePath));
        var schemes = services.AddAuthentication()
            .AddPolicyScheme(Schemes.Any, null, any => any.ForwardDefaultSelector = context => Schemes.Select(
                context.Request, tokens, SessionCookie.Name))
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(Schemes.ApiKey, null)
            .AddCookie(Schemes.Session, cookie =>
            {
                cookie.Cookie = new PageCookie(page, SessionCookie.Name, SameSiteMode.Strict);
                cookie.SlidingExpiration = false;
                cookie.EventsType = typeof(SessionEvents);
            });
        services.AddSingleton<SessionCheck>();
        services.AddSingleton<SessionEvents>();
        services.AddSessionKeys(options.Security.SessionKeys);
        if (tokens)
        {
            schemes.AddScheme<AuthenticationSchemeOptions, TokenHandler>(Schemes.Token, null);
        }

        if (options.Security.Oidc.IsOn)
        {
            schemes.AddOidc(options.Security.Oidc, page);
        }

        services.AddAuthorizationBuilder().SetFallbackPolicy(
            RolePolicies.Fallback(context => AccessControl.Needed(context, page)));
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessControl>();
    }

    private static void AddSessionKeys(this IServiceCollection services, SessionKeyOptions options)
    {
        services.AddSingleton<StoredKeys>();
        services.AddOptions<KeyManagementOptions>().Configure<StoredKeys>(
            static (keys, stored) => keys.XmlRepository = stored);
        var protection = services.AddDataProtection().SetApplicationName("orleansdtm");
        if (options.CertificatePath.Length > 0)
        {
            protection.ProtectKeysWithCertificate(SessionKeyCertificate.Load(options));
        }
    }

    /// <summary>Runs after routing, which selects the endpoint. Authenticates only when security is on.</summary>
    public static void UseSecurity(this WebApplication app, CoordinatorOptions options)
    {
        app.UseMiddleware<BrowserGuard>();
        if (options.Security.IsOn)
        {
            app.Services.GetRequiredService<ProofCheck>(); // An invalid file stops the start.
            app.Services.GetService<OidcSecret>();
            app.UseAuthentication(); // Handles the issuer's redirect to the page.
            app.UseAuthorization();
        }
        else if (options.Security.AllowAnonymous)
        {
            app.Logger.Anonymous(options.Bind);
        }

        app.UseMiddleware<RequestNamespace>();
        if (options.Admin.Enabled)
        {
            SessionApi.Map(app);
            OidcApi.Map(app);
        }
    }
}
