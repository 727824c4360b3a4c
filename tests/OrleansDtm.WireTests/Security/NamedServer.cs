namespace OrleansDtm.WireTests.Security;

/// <summary>A coordinator without authentication that has configured host names and rejects changes by GET.</summary>
public sealed class NamedServer : SecuredServer
{
    protected override Task<string[]> Settings() => Task.FromResult<string[]>(
        ["--Hosts:0=dtm.example", "--Hosts:1=*.corp.test", "--Security:DenyStateChangingGet=true"]);
}

/// <summary>A coordinator without authentication that browsers may use under any host name.</summary>
public sealed class AnyNameServer : SecuredServer
{
    protected override Task<string[]> Settings() => Task.FromResult<string[]>(["--Hosts:0=*"]);
}
