using OrleansDtm.Core;
using OrleansDtm.Grains.Service;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The namespaces that a caller may use.</summary>
internal sealed record NamespaceGrant
{
    /// <summary>The word for all namespaces.</summary>
    public const string Any = "*";

    /// <summary>The separator of a list.</summary>
    public const char Separator = ',';

    /// <summary>The sign in front of a namespace that the caller is bound to, as cookies store it.</summary>
    private const char BoundSign = '=';

    /// <summary>Only the default one; administrators may use all.</summary>
    public static NamespaceGrant None { get; } = new();

    /// <summary>All.</summary>
    public static NamespaceGrant All { get; } = new() { Names = [Any] };

    /// <summary>The only namespace of the caller, also of requests that name none; null = not bound.</summary>
    public string? Bound { get; private init; }

    /// <summary>Those that a request may name besides the default one; null = by the role.</summary>
    public IReadOnlyList<string>? Names { get; private init; }

    /// <summary>Bound to one namespace.</summary>
    public static NamespaceGrant Of(string name) => new() { Bound = name };

    /// <summary>Reads the value of the option <c>namespaces=</c>; null = a name is invalid.</summary>
    public static NamespaceGrant? Parse(string list)
    {
        var names = list.Split(Separator);
        return Array.TrueForAll(names, static name => name == Any || Namespaces.IsName(name))
            ? new NamespaceGrant { Names = names.Contains(Any) ? [Any] : names }
            : null;
    }

    /// <summary>
    /// Reads a claim: one name binds the caller to it, several may be named, <c>*</c> allows all. Null = no value is
    /// the name of a namespace.
    /// </summary>
    public static NamespaceGrant? OfClaim(IEnumerable<string> values)
    {
        var names = values.SelectMany(static value => value.Split(' '))
            .Where(static name => name == Any || Namespaces.IsName(name))
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        return names switch
        {
            [] => null,
            _ when names.Contains(Any) => All,
            [var one] => Of(one),
            _ => new NamespaceGrant { Names = names },
        };
    }

    /// <summary>The text of <see cref="Text"/>.</summary>
    public static NamespaceGrant Read(string text) => text switch
    {
        "" => None,
        [BoundSign, .. var name] => Of(name),
        _ => Parse(text) ?? None,
    };

    /// <summary>For cookies.</summary>
    public string Text() => Bound is not null ? BoundSign + Bound
        : Names is null ? ""
        : string.Join(Separator, Names);

    /// <summary>Returns true if the caller may name it.</summary>
    public bool Allows(string name, Role role) => Bound is not null
        ? name == Bound
        : name.Length == 0 || (Names is null ? role == Role.Admin : Names.Contains(Any) || Names.Contains(name));

    /// <summary>The namespace of a request.</summary>
    /// <param name="named">What the request names; null = nothing.</param>
    /// <param name="caller">The caller.</param>
    /// <param name="problem">Why it is refused; null = it is not.</param>
    public static string Choose(string? named, Caller caller, out string? problem)
    {
        var grant = caller.Grant;
        var name = named ?? grant.Bound ?? "";
        var who = RequestValidator.Printable(caller.Name);
        problem = grant.Allows(name, caller.Role) ? null
            : grant.Bound is not null
                ? $"'{who}' is bound to the namespace '{grant.Bound}' and may not use '{name}'"
                : $"'{who}' may not use the namespace '{name}'. An administrator can add namespaces={name} to the line "
                    + "of the key, or the name to the claim of the token";
        return name;
    }
}
