namespace OrleansDtm.Server.Security.Browsers;

/// <summary>
/// Metadata of an endpoint: GET changes state there, as in DTM. An image or a link of any page can send a GET.
/// </summary>
internal sealed class ChangesByGet
{
    private static readonly ChangesByGet Instance = new();

    public static bool Is(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.GetEndpoint()?.Metadata.GetMetadata<ChangesByGet>() is not null;

    public static void Mark(EndpointBuilder endpoint) => endpoint.Metadata.Add(Instance);
}
