namespace OrleansDtm.Server.Configuration;

/// <summary>The text of --help about the settings.</summary>
internal static class Help
{
    public const string Text = """
        Settings, on the command line (--HttpPort=36789), in appsettings.json, in the environment
        (HttpPort, Store__Path, or DTM's names such as HTTP_PORT, STORE_PATH) or in conf.yml; seconds may be fractions:
          Bind=localhost                       address to listen on; * = all
          Hosts:0=, Hosts:1=                   host names under which browsers may use the HTTP port, besides
                                               localhost and IP addresses: dtm.example.com; * = all
          HttpPort=36789                       HTTP and JSON-RPC; 0 = any free port
          GrpcPort=36790                       gRPC; 0 = any free port
          Grpc:TlsCertificate=, Grpc:TlsKey=   PEM files; empty = those of Tls
          Grpc:StreamsPerConnectionMax=512     concurrent calls on one gRPC connection
          Store:Driver=sqlite                  the store: sqlite, mysql (MariaDB too) or postgres
          Store:Path=data/orleansdtm.db        the SQLite file
          Store:ConnectionString=              MySQL, PostgreSQL: connection string; or DTM's settings:
          Store:Host=localhost, Store:Port=, Store:User=, Store:Password=, Store:Db=dtm
          Store:Schema=                        PostgreSQL: the schema of the tables; empty = the search path
          Store:MaxOpenConns=17, Store:MaxIdleConns=2, Store:ConnMaxLifeTime=0 (minutes)
          Store:Shards:0=, Store:Shards:1=     connection strings (SQLite: files) of several databases; keep
                                               their number and order
          Store:Retention=604800               seconds after which finished transactions are deleted; 0 = never
          Store:CommitDelay=0                  seconds a commit waits for more writes under load (0.001)
          Audit:Retention=7776000              seconds (90 days) after which audit records are deleted; 0 = never
          Audit:Requests=                      true = record prepare, submit, register and abort too; empty = if
                                               authentication is on
          TransCronInterval=1                  seconds between two sweeps for due work
          TimeoutToFail=35                     seconds until query_prepared, or rollback of a prepared transaction
          RetryInterval=10                     seconds before the first retry; doubles
          RetryIntervalMax=600                 maximum wait between retries
          RequestTimeout=3                     timeout of one branch call in seconds
          DrainTimeout=20                      timeout of requests after SIGTERM in seconds
          LogLevel=info                        debug, info, warn, error or fatal
          Settings:Strict=false                true: unknown settings are an error; otherwise a warning
          Logging:Format=text                  format of the log: text or json
          Telemetry:OtlpEndpoint=              OTLP endpoint of traces and metrics, such as http://collector:4317;
                                               empty = OTEL_EXPORTER_OTLP_ENDPOINT
          Telemetry:OtlpProtocol=grpc          grpc or http/protobuf
          Telemetry:TraceRatio=                0 to 1: sampling ratio of traces that start here; empty =
                                               OTEL_TRACES_SAMPLER, or all
          Telemetry:Logs=false                 true = export logs too
          Admin:Enabled=true                   the admin page
          Admin:BasePath=/                     its path, such as /dtm-admin
          Admin:TraceUrl=                      link to a trace: https://jaeger.example/trace/{traceid}
          AlertRetryLimit=3, AlertWebHook=     URL that is called for branches that keep failing
          Cluster:Mode=Local                   Local = one process; AdoNet = several silos with a membership table
                                               in the database (not SQLite); Kubernetes = the same, in pods
          Cluster:SiloPort=11111               between silos; Local: any free port
          Cluster:GatewayPort=30000            for Orleans clients; 0 = none, as in Local
          Cluster:ClusterId=orleansdtm, Cluster:ServiceId=orleansdtm
          Cluster:ConnectionString=            database of the cluster tables; empty = the store's (first shard's)
          Cluster:AdvertisedAddress=           IP address for the other silos; empty = Bind's, the pod's or the
                                               machine's
          Cluster:Tls:CertificatePath=, Cluster:Tls:KeyPath=, Cluster:Tls:CaPath=   TLS between silos and for
                                               Orleans clients: PEM files; peers need a certificate of this
                                               authority; reloaded when they change
          Cluster:Tls:ServerName=orleansdtm    DNS name in the certificates of all silos
          Tls:CertificatePath=, Tls:KeyPath=   TLS of both ports: PEM files, or a .pfx (Tls:Password=); reloaded
                                               when they change
          Tls:ClientCaPath=                    PEM file: clients need a certificate of this authority
          Security:Keys:0=, Security:Keys:1=   API keys: 'name role sha256:hash', printed by the command 'key'
          Security:KeysFile=                   a file with a key a line; reloaded when it changes
          Security:KeysFileGrace=300           seconds its last valid content stays in force while it cannot be read
          Security:Jwt:Authority=              tokens of this OpenID Connect issuer; or Security:Jwt:JwksUri=
                                               (URL of its keys), or Security:Jwt:SigningKeysFile= (PEM, JWKS)
          Security:Jwt:Issuer=, Security:Jwt:Audience=, Security:Jwt:RoleClaim=roles
          Security:Oidc:Authority=             users sign in to the admin page at this OpenID Connect issuer;
                                               Security:Oidc:ClientId=, Security:Oidc:ClientSecret= (or
                                               Security:Oidc:ClientSecretFile=), Security:Oidc:Scopes=openid profile
          Security:Oidc:RoleClaim=roles, Security:Oidc:NameClaim=preferred_username   claims of the id token
          Security:Oidc:Roles:0=               value of the role claim and its role: 'dtm-operators admin'
          Security:Oidc:Name=                  the issuer's name on the sign-in page; empty = its host
          Security:Oidc:RequireHttps=true      false = http too, for tests
          Security:AllowAnonymous=false        true = listen beyond this machine without keys or tokens
          Security:AnonymousMetrics=false      true = /api/metrics needs no role
          Security:DenyStateChangingGet=false  true = refuse GET where DTM changes state by it: subscribe,
                                               unsubscribe, resetCronTime; POST remains
          Security:RequestsPerSecond=0, Security:RequestBytesMax=0   of each caller; 0 = unlimited
          Security:InFlightMax=0, Security:UnfinishedMax=0   requests in flight and unfinished transactions of
                                               each caller, per silo; 0 = unlimited
          Security:SessionLifetime=43200       seconds a sign-in to the admin page lasts
          Security:SessionKeys:CertificatePath=, Security:SessionKeys:KeyPath=   RSA certificate that encrypts the keys
                                               of sessions in the store: PEM files, or a .pfx
                                               (Security:SessionKeys:Password=)
          Branches:Allow:0=, Branches:Deny:0=  allowed and denied hosts, addresses, networks: *.example.com:443,
                                               10.0.0.0/8
          Branches:DenyPrivate=false           true = deny this machine and private networks
          Branches:Proxy=                      HTTP proxy of outgoing calls, http://[user:password@]host:port;
                                               empty = none. Branches:NoProxy:0= hosts, networks without proxy
          Services:orders:http:0=              endpoint of the service 'orders', such as http://10.0.0.7:8080, for
                                               http://orders/path or discovery:///orders/path (also https, grpc)
          Branches:DnsSrv=                     SRV records of services: _{endpoint}._tcp.{name}.default.svc.cluster.local
          Branches:Tls:CertificatePath=, Branches:Tls:KeyPath=   client certificate for services
          Branches:Tls:Hosts:0=                other certificates by host: '*.example.com client.pem client.key',
                                               or a .pfx
          Branches:Tls:CaPath=                 PEM file of additional trusted authorities
          Limits:RequestBytesMax=4194304, Limits:StepsMax=1000, Limits:BranchCallsPerServiceMax=512,
          Limits:BranchCallsPerTransactionMax=64, Limits:BranchCallsMax (default: by the limit of open files)
          Limits:ResultBytesMax=65536          bytes of an answer that is kept (results: true); all of a
                                               transaction: 16 times as much
          Limits:BatchRate=500                 transactions that jobs (POST batch) change in a second
          Limits:NamespaceUnfinishedMax=0      unfinished transactions of each namespace on a silo (0 = unlimited)
          Limits:Namespaces:0=                 the same for one: 'shop unfinished=10000'
          Limits:LiveBytesMax                  bytes of the transactions in memory, at most 2 GB; near it, requests of
                                               64 KiB and more get 503 (default: an eighth of the process's memory)
        """;
}
