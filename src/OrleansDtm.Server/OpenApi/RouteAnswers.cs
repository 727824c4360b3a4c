using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Browsers;

namespace OrleansDtm.Server.OpenApi;

/// <summary>All answers of a route: its own, and those of authentication, limits and the browser guard.</summary>
internal static class RouteAnswers
{
    /// <summary>The route's own answer of a status replaces the general one.</summary>
    public static IReadOnlyList<ApiAnswer> Of(ApiRoute route, string method, IReadOnlyList<object> metadata)
    {
        IEnumerable<ApiAnswer> general = RoleOf(metadata) is { Length: > 0 } role ? OfRole(role) : [];
        if (route.Body is not null)
        {
            general = general.Append(ApiAnswers.TooLarge).Append(ApiAnswers.TooSlow);
        }

        if (method == HttpMethods.Get && metadata.OfType<ChangesByGet>().Any())
        {
            general = general.Append(ApiAnswers.UsePost);
        }

        return
        [
            .. route.Answers
                .Concat(general.Select(route.Shape))
                .DistinctBy(static answer => answer.Status)
                .OrderBy(static answer => answer.Status),
        ];
    }

    /// <summary>Empty = none is needed.</summary>
    public static string RoleOf(IReadOnlyList<object> metadata) =>
        metadata.OfType<RoleRequirement>().LastOrDefault()?.Role ?? "";

    private static ApiAnswer[] OfRole(string role) =>
    [
        ApiAnswers.Error(
            401,
            "No key or token, or one that is not valid. Servers without keys and tokens do not answer this.",
            "ERROR",
            $"not signed in ({role} role needed): the API key is unknown"),
        ApiAnswers.Error(
            403,
            $"The key or token lacks the role {role}; or the request is a browser's, and cross-site or to a host name "
            + "that is not in the setting Hosts.",
            "ERROR",
            $"the role {role} is needed; 'guest' has none"),
        ApiAnswers.TooMany,
        ApiAnswers.Undecided,
    ];
}
