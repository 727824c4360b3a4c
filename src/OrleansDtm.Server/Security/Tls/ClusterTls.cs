using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Orleans.Configuration;
using Orleans.Connections.Security;
using OrleansDtm.Server.Configuration;
using TlsOptions = Orleans.Connections.Security.TlsOptions;

namespace OrleansDtm.Server.Security.Tls;

/// <summary>
/// Mutual TLS of the silo port and the gateway port. Each new connection uses the current files, so a renewal needs no
/// restart.
/// </summary>
internal sealed class ClusterTls
{
    private const string NoHandshake = "the TLS handshake failed: the peer does not use TLS, refused the certificate "
        + "of this silo, or did not answer in time";

    private readonly ReloadedFiles<SiloIdentity> _identity;
    private readonly string _serverName;

    private ClusterTls(ClusterTlsOptions options)
    {
        _serverName = options.ServerName;
        _identity = new ReloadedFiles<SiloIdentity>(
            "Cluster:Tls",
            [options.CertificatePath, options.KeyPath, options.CaPath],
            _ => SiloIdentity.Load(options),
            TimeProvider.System,
            log: null,
            "ODTM1004");
    }

    /// <summary>Null = the settings are not given.</summary>
    /// <exception cref="SettingsException">A file is invalid, or other silos would refuse the certificate.</exception>
    public static ClusterTls? Of(ClusterTlsOptions options) => options.IsOn ? new ClusterTls(options) : null;

    public void Use(ISiloBuilder silo) =>
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ILogger<ClusterTls>>((connections, log) =>
        {
            _identity.Log = log;
            var (fromSilos, fromClients, toSilos) = (new Refusals(log), new Refusals(log), new Refusals(log));
            connections.ConfigureSiloInboundConnection(builder => Accept(
                builder, isSilo: true, (from, problem) => fromSilos.Report($"from {from} to the silo port", problem)));
            connections.ConfigureGatewayInboundConnection(builder => Accept(
                builder,
                isSilo: false,
                (from, problem) => fromClients.Report($"from {from} to the gateway port", problem)));
            connections.ConfigureSiloOutboundConnection(builder => Open(
                builder, (to, problem) => toSilos.Report($"to the silo {to}", problem)));
        });

    private void Accept(IConnectionBuilder builder, bool isSilo, Action<string, string> refused)
    {
        Begin(builder, refused);
        builder.UseServerTls(new TlsOptions
        {
            // Required here; each connection replaces it below. Not LocalCertificate: Orleans checks its usages at the
            // first connection of each port. If two ports do this at once, .NET can see no usage, and the accept loop
            // of a port ends.
            LocalServerCertificateSelector = (_, _) => _identity.Value.Own.TargetCertificate,

            // SslStream accepts one callback only: the one below, which knows the connection.
            RemoteCertificateMode = RemoteCertificateMode.NoCertificate,
            OnAuthenticateAsServer = (connection, options) => Configure(
                (SslServerAuthenticationOptions)options.SslServerAuthenticationOptions,
                connection.Features.GetRequiredFeature<Handshake>(),
                isSilo),
        });
        End(builder);
    }

    private void Open(IConnectionBuilder builder, Action<string, string> refused)
    {
        Begin(builder, refused);
        builder.UseClientTls(new TlsOptions
        {
            RemoteCertificateMode = RemoteCertificateMode.NoCertificate, // As above.
            OnAuthenticateAsClient = (connection, options) => Configure(
                (SslClientAuthenticationOptions)options.SslClientAuthenticationOptions,
                connection.Features.GetRequiredFeature<Handshake>()),
        });
        End(builder);
    }

    /// <summary>Outside TLS: sees connections that end without a handshake, such as plain text.</summary>
    private static void Begin(IConnectionBuilder builder, Action<string, string> refused) =>
        builder.Use(next => async connection =>
        {
            var handshake = new Handshake();
            connection.Features.Set(handshake);
            try
            {
                await next(connection);
            }
            finally
            {
                if (!handshake.IsTrusted)
                {
                    refused(connection.RemoteEndPoint?.ToString() ?? "?", handshake.Problem ?? NoHandshake);
                }
            }
        });

    /// <summary>Inside TLS: nothing passes that the callback has not accepted.</summary>
    private static void End(IConnectionBuilder builder) =>
        builder.Use(static next => connection => connection.Features.GetRequiredFeature<Handshake>().IsTrusted
            ? next(connection)
            : Task.CompletedTask);

    private void Configure(SslServerAuthenticationOptions ssl, Handshake handshake, bool isSilo)
    {
        var identity = _identity.Value;
        (ssl.ServerCertificate, ssl.ServerCertificateSelectionCallback) = (null, null);
        ssl.ServerCertificateContext = identity.Own;
        ssl.ClientCertificateRequired = true;
        ssl.CertificateChainPolicy = identity.PolicyOfClients();
        ssl.AllowTlsResume = false; // Every connection shows its certificates.
        ssl.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            handshake.End(FindProblem(certificate, chain, errors, isSilo));
    }

    private void Configure(SslClientAuthenticationOptions ssl, Handshake handshake)
    {
        var identity = _identity.Value;
        ssl.TargetHost = _serverName;
        (ssl.ClientCertificates, ssl.LocalCertificateSelectionCallback) = (null, null);
        ssl.ClientCertificateContext = identity.Own;
        ssl.CertificateChainPolicy = identity.PolicyOfServers();
        ssl.AllowTlsResume = false;
        ssl.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            handshake.End(FindProblem(certificate, chain, errors, isSilo: true));
    }

    /// <summary>Why a peer is not trusted; null = it is.</summary>
    /// <param name="isSilo">It must have the name of silos.</param>
    private string? FindProblem(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, bool isSilo)
    {
        if (shown is not X509Certificate2 certificate || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "the peer has no certificate";
        }

        // The peer chose this text; nothing has verified it yet.
        var subject = string.Concat(certificate.Subject.Take(200).Select(static c => char.IsControl(c) ? '?' : c));
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)
            ? $"the certificate '{subject}' is not accepted: {SiloIdentity.Problems(chain)}"
            : errors != SslPolicyErrors.None || (isSilo && !certificate.MatchesHostname(_serverName))
            ? $"the certificate '{subject}' is not one of a silo: it does not contain the DNS name {_serverName} "
                + "(Cluster:Tls:ServerName)"
            : null;
    }

    /// <summary>The result of one connection's handshake.</summary>
    private sealed class Handshake
    {
        public bool IsTrusted { get; private set; }

        public string? Problem { get; private set; }

        public bool End(string? problem) => IsTrusted = (Problem = problem) is null;
    }

    /// <summary>Reports each problem at most once a minute, because peers retry until they are stopped.</summary>
    private sealed class Refusals(ILogger log)
    {
        private const int ProblemsMax = 10; // Peers can make up any number of subjects.

        private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

        private readonly Lock _lock = new();
        private readonly HashSet<string> _reported = new(StringComparer.Ordinal);
        private long _started = TimeProvider.System.GetTimestamp();
        private long _count;

        public void Report(string connection, string problem)
        {
            long count;
            lock (_lock)
            {
                _count++;
                if (TimeProvider.System.GetElapsedTime(_started) >= Interval)
                {
                    _started = TimeProvider.System.GetTimestamp();
                    _reported.Clear();
                }

                if (_reported.Count >= ProblemsMax || !_reported.Add(problem))
                {
                    return;
                }

                (count, _count) = (_count, 0);
            }

            log.ConnectionRefused(connection, problem, count);
        }
    }
}
