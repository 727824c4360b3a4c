using Microsoft.AspNetCore.Http.Features;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Service;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Admin;

/// <summary>Routes of the admin page; see README.md.</summary>
internal static class AdminPage
{
    /// <summary>Path of a transaction on DTM's own page. Alerts, chats and bookmarks contain such links.</summary>
    private const string OldDetail = "/admin/global-transactions/detail/";

    public static void AddAdminPage(this IServiceCollection services, CoordinatorOptions options)
    {
        if (options.Admin.Enabled)
        {
            services.AddSingleton<AdminFiles>();
            services.AddSingleton<SortedLists>();
            services.AddSingleton<ListApi>();
            services.AddSingleton<ListExport>();
            services.AddSingleton<UnfinishedSummary>();
            services.AddSingleton<WaitingSummary>();
            services.AddSingleton<ConnectionCounts>();
            services.AddSingleton<IConnectionCounts>(static p => p.GetRequiredService<ConnectionCounts>());
            services.AddSingleton<Overview>();
            services.AddSingleton<SiloReports>();
            services.AddSingleton<ServicesPage>();
            services.AddSingleton<SettingsPage>();
            services.AddSingleton<KeysPage>();
            services.AddHostedService<RequestListener>();
        }
    }

    public static void MapAdminPage(this WebApplication app, CoordinatorOptions options)
    {
        if (!options.Admin.Enabled)
        {
            return;
        }

        app.Services.GetRequiredService<ConnectionCounts>(); // Before the first connection.
        var files = app.Services.GetRequiredService<AdminFiles>();
        var root = options.Admin.BasePath == "/" ? "" : options.Admin.BasePath;
        Get(root + "/", context =>
        {
            // The page's links are relative to its folder.
            if (context.Request.Path.Value?.EndsWith('/') == true)
            {
                return files.Send(context, AdminFiles.Index);
            }

            context.Response.Redirect(context.Request.PathBase + root + "/" + context.Request.QueryString);
            return Task.CompletedTask;
        });
        Get(root + "/ui/{**file}", context => files.Send(context, (string?)context.Request.RouteValues["file"] ?? ""));
        Get(root + OldDetail + "{**gid}", context =>
        {
            // The raw target: a decoded slash in the gid would look like a path separator.
            var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
            var at = target.IndexOf(OldDetail, StringComparison.OrdinalIgnoreCase);
            var gid = Uri.UnescapeDataString(at < 0 ? "" : target[(at + OldDetail.Length)..]);
            context.Response.Redirect(
                $"{context.Request.PathBase}{root}/#/transaction?gid={Uri.EscapeDataString(gid)}");
            return Task.CompletedTask;
        });
        AdminApi.Map(
            app.MapGroup(root + "/ui/api").LeaveUndescribed("Belongs to the page, and changes with it."), app.Services);

        // Below the page's path: a proxy may forward nothing else.
        Get(root + "/ui/openapi.json", app.Services.GetRequiredService<ApiDocument>().Send);
        Get(root + "/docs", context =>
        {
            if (context.Request.Path.Value!.EndsWith('/'))
            {
                // Its links are relative.
                context.Response.Redirect(context.Request.PathBase + root + "/docs" + context.Request.QueryString);
                return Task.CompletedTask;
            }

            return files.Send(context, AdminFiles.Reference);
        });

        void Get(string pattern, RequestDelegate handle) =>
            app.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handle)
                .DisableHttpMetrics()
                .OpenToAll()
                .LeaveUndescribed("A file of the page.");
    }
}
