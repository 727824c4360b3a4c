namespace OrleansDtm.Server.Apis;

/// <summary>The answer to a call of an operation that this version does not have.</summary>
internal static class UnknownOperation
{
    private const int PathMax = 200;

    /// <summary>ASCII: the path is that of the request, with its escapes.</summary>
    public static string Text(HttpContext context)
    {
        var path = context.Request.Path.ToUriComponent();
        return $"{(path.Length > PathMax ? path[..PathMax] : path)} is not an operation of OrleansDtm "
            + $"{HttpApi.Version}. The SDK is of another version, or its address is wrong: update the older of the "
            + "two, or correct the address. /docs lists the operations. [ODTM4013]";
    }
}
