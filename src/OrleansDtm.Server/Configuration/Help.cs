namespace OrleansDtm.Server.Configuration;

/// <summary>What --help prints of the settings.</summary>
internal static class Help
{
    public const string Text = """
        usage: OrleansDtm.Server [run] [--Setting=value ...] [-c conf.yml]

          -c FILE          DTM's conf.yml
          -v, --version    print the version
          -h, --help       print this

        Settings, on the command line (--HttpPort=36789), in appsettings.json, in the environment
        (HttpPort, Store__Path, or DTM's names such as HTTP_PORT, STORE_PATH) or in conf.yml; seconds may be fractions:
          Bind=localhost                       address to listen on; * = all
          HttpPort=36789                       HTTP and JSON-RPC; 0 = any free port
          GrpcPort=36790                       gRPC; 0 = any free port
          Grpc:TlsCertificate=, Grpc:TlsKey=   PEM files; empty = as Tls says
          Grpc:StreamsPerConnectionMax=512     calls under way on one gRPC connection
          Store:Driver=sqlite                  where transactions are kept: sqlite, mysql (MariaDB too) or postgres
          Store:Path=data/orleansdtm.db        the SQLite file
          Store:ConnectionString=              MySQL, PostgreSQL: where and as whom; or in DTM's way
          Store:Host=localhost, Store:Port=, Store:User=, Store:Password=, Store:Db=dtm
          Store:Schema=                        PostgreSQL: the schema of the tables; empty = the search path
          Store:MaxOpenConns=17, Store:MaxIdleConns=2, Store:ConnMaxLifeTime=0 (minutes)
          Store:Shards:0=, Store:Shards:1=     several databases instead of one, each given like the only one; keep
                                               their number and order
          Store:Retention=604800               seconds after which a finished transaction is deleted; 0 = never
          Store:CommitDelay=0                  seconds a commit waits for more when there are many (0.001)
          TransCronInterval=1                  seconds between two looks for due work
          TimeoutToFail=35                     seconds after which a prepared transaction is queried or turned back
          RetryInterval=10                     seconds before the first retry; doubles
          RetryIntervalMax=600                 cap of the doubling
          RequestTimeout=3                     seconds one call of a branch may take
          DrainTimeout=20                      seconds requests may take to end after SIGTERM
          LogLevel=info                        debug, info, warn, error or fatal
          Logging:Format=text                  the log's lines: text or json
          Telemetry:OtlpEndpoint=              http://collector:4317 = send traces and metrics there (or OTEL_EXPORTER_OTLP_ENDPOINT)
          Telemetry:OtlpProtocol=grpc          grpc or http/protobuf
          Telemetry:TraceRatio=                0 to 1: share of traces begun here that are recorded; empty = OTEL_TRACES_SAMPLER, or all
          Telemetry:Logs=false                 true = send log lines too
          Admin:Enabled=true                   the admin page
          Admin:BasePath=/                     where it lives, such as /dtm-admin
          AlertRetryLimit=3, AlertWebHook=     tell this URL of branches that keep failing
          Cluster:Mode=Local                   Local = this process alone; AdoNet = silos that find each other in the
                                               database of the store (not SQLite); Kubernetes = the same, in pods
          Cluster:SiloPort=11111               between silos; Local: any free port
          Cluster:GatewayPort=30000            for Orleans clients; 0 = none, as in Local
          Cluster:ClusterId=orleansdtm, Cluster:ServiceId=orleansdtm
          Cluster:ConnectionString=            database of the cluster's tables; empty = the store's (the first shard's)
          Cluster:AdvertisedAddress=           IP address for the other silos; empty = that of Bind, of the pod or of the machine
          Tls:CertificatePath=, Tls:KeyPath=   TLS of both ports: PEM files, or a .pfx (Tls:Password=); read again when they change
          Tls:ClientCaPath=                    PEM file: only clients with a certificate of this authority get in
          Security:Keys:0=, Security:Keys:1=   who may do what: 'name role sha256:hash', as the command 'key' prints it
          Security:KeysFile=                   the same, a line each; read again when it changes
          Security:Jwt:Authority=              tokens of this OpenID Connect issuer; or Security:Jwt:JwksUri= (its keys alone),
                                               or Security:Jwt:SigningKeysFile= (PEM, JWKS)
          Security:Jwt:Issuer=, Security:Jwt:Audience=, Security:Jwt:RoleClaim=roles
          Security:AllowAnonymous=false        needed to listen beyond this machine without keys or tokens
          Security:AnonymousMetrics=false      /api/metrics needs no role
          Security:RequestsPerSecond=0, Security:RequestBytesMax=0   of each caller; 0 = no other limit than Limits
          Security:SessionLifetime=43200       seconds a sign-in to the admin page lasts
          Branches:Allow:0=, Branches:Deny:0=  hosts, addresses, networks that may (not) be called: *.example.com:443, 10.0.0.0/8
          Branches:DenyPrivate=false           neither may this machine and private networks
          Branches:Proxy=                      http://[user:password@]host:port of the proxy of outgoing calls; empty = none, whatever
                                               the environment says. Branches:NoProxy:0= hosts, networks that are called without it
          Services:orders:http:0=              http://10.0.0.7:8080 = the service 'orders' lives there; branches call http://orders/path
                                               or discovery:///orders/path (https and grpc likewise)
          Branches:DnsSrv=                     SRV records of services: _{endpoint}._tcp.{name}.default.svc.cluster.local
          Branches:Tls:CertificatePath=, Branches:Tls:KeyPath=   shown to services that ask for a certificate
          Branches:Tls:Hosts:0=                another for some hosts: '*.example.com client.pem client.key', or a .pfx
          Branches:Tls:CaPath=                 PEM file of authorities trusted beside those of the machine
          Limits:RequestBytesMax=4194304, Limits:StepsMax=1000, Limits:BranchCallsPerServiceMax=512
        """;
}
