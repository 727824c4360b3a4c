using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security;

namespace OrleansDtm.Server.Admin;

/// <summary>The admin page: files out of this assembly, and the data they show. The page itself is README.md's.</summary>
internal static class AdminPage
{
    public static void AddAdminPage(this IServiceCollection services, CoordinatorOptions options)
    {
        if (options.Admin.Enabled)
        {
            services.AddSingleton<AdminFiles>();
            services.AddSingleton<UnfinishedSummary>();
            services.AddSingleton<Overview>();
            services.AddHostedService<RequestListener>();
        }
    }

    public static void MapAdminPage(this WebApplication app, CoordinatorOptions options)
    {
        if (!options.Admin.Enabled)
        {
            return;
        }

        var files = app.Services.GetRequiredService<AdminFiles>();
        var root = options.Admin.BasePath == "/" ? "" : options.Admin.BasePath;
        Get(root + "/", context =>
        {
            // The page's own links are relative to its folder.
            if (context.Request.Path.Value?.EndsWith('/') == true)
            {
                return files.Send(context, AdminFiles.Index);
            }

            context.Response.Redirect(context.Request.PathBase + root + "/" + context.Request.QueryString);
            return Task.CompletedTask;
        });
        Get(root + "/ui/{**file}", context => files.Send(context, (string?)context.Request.RouteValues["file"] ?? ""));
        AdminApi.Map(app.MapGroup(root + "/ui/api"), app.Services);

        void Get(string pattern, RequestDelegate handle) =>
            app.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handle).DisableHttpMetrics().OpenToAll();
    }
}
