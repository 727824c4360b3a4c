{{/* The server's settings as environment variables. Nothing secret: that comes from the Secret, see _pod.tpl. */}}
{{- define "orleansdtm.settings" -}}
ORLEANSDTM_Bind: "*"
ORLEANSDTM_HttpPort: "36789"
ORLEANSDTM_GrpcPort: "36790"
ORLEANSDTM_LogLevel: {{ .Values.logLevel | quote }}
ORLEANSDTM_Logging__Format: {{ .Values.logFormat | quote }}
{{- with .Values.telemetry }}
{{- if .otlpEndpoint }}
ORLEANSDTM_Telemetry__OtlpEndpoint: {{ .otlpEndpoint | quote }}
ORLEANSDTM_Telemetry__OtlpProtocol: {{ .otlpProtocol | quote }}
ORLEANSDTM_Telemetry__Logs: {{ .logs | quote }}
{{- if not (kindIs "invalid" .traceRatio) }}
ORLEANSDTM_Telemetry__TraceRatio: {{ .traceRatio | quote }}
{{- end }}
{{- end }}
{{- end }}
ORLEANSDTM_DrainTimeout: {{ include "orleansdtm.scalar" .Values.drainTimeoutSeconds | quote }}
ORLEANSDTM_Store__Driver: {{ .Values.store.driver | quote }}
{{- if not (include "orleansdtm.clustered" .) }}
ORLEANSDTM_Store__Path: /data/orleansdtm.db
{{- else if not (or .Values.store.connectionStringKey .Values.store.shardsKey) }}
ORLEANSDTM_Store__Host: {{ .Values.store.host | quote }}
{{- with .Values.store.port }}
ORLEANSDTM_Store__Port: {{ include "orleansdtm.scalar" . | quote }}
{{- end }}
ORLEANSDTM_Store__User: {{ .Values.store.user | quote }}
ORLEANSDTM_Store__Db: {{ .Values.store.database | quote }}
{{- end }}
ORLEANSDTM_Cluster__Mode: {{ include "orleansdtm.clusterMode" . | quote }}
{{- if include "orleansdtm.clustered" . }}
ORLEANSDTM_Cluster__SiloPort: "11111"
ORLEANSDTM_Cluster__GatewayPort: "30000"
ORLEANSDTM_Cluster__ClusterId: {{ include "orleansdtm.clusterId" . | quote }}
ORLEANSDTM_Cluster__ServiceId: {{ include "orleansdtm.serviceId" . | quote }}
{{- if .Values.cluster.tls.secret }}
ORLEANSDTM_Cluster__Tls__CertificatePath: /etc/orleansdtm/cluster-tls/tls.crt
ORLEANSDTM_Cluster__Tls__KeyPath: /etc/orleansdtm/cluster-tls/tls.key
ORLEANSDTM_Cluster__Tls__CaPath: /etc/orleansdtm/cluster-tls/{{ .Values.cluster.tls.caKey }}
ORLEANSDTM_Cluster__Tls__ServerName: {{ .Values.cluster.tls.serverName | default (include "orleansdtm.fullname" .) | quote }}
{{- end }}
{{- end }}
{{- if include "orleansdtm.keysSecret" . }}
ORLEANSDTM_Security__KeysFile: /etc/orleansdtm/keys/{{ ternary .Values.security.keysKey "keys" (ne .Values.security.existingSecret "") }}
{{- end }}
{{- with .Values.security.jwt }}
{{- if or .authority .jwksUri }}
{{- with .authority }}
ORLEANSDTM_Security__Jwt__Authority: {{ . | quote }}
{{- end }}
{{- with .jwksUri }}
ORLEANSDTM_Security__Jwt__JwksUri: {{ . | quote }}
{{- end }}
ORLEANSDTM_Security__Jwt__Audience: {{ .audience | quote }}
ORLEANSDTM_Security__Jwt__RoleClaim: {{ .roleClaim | quote }}
{{- with .issuer }}
ORLEANSDTM_Security__Jwt__Issuer: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.security.oidc }}
{{- if .authority }}
ORLEANSDTM_Security__Oidc__Authority: {{ .authority | quote }}
ORLEANSDTM_Security__Oidc__ClientId: {{ .clientId | quote }}
{{- if .existingSecret }}
ORLEANSDTM_Security__Oidc__ClientSecretFile: /etc/orleansdtm/oidc/{{ .clientSecretKey }}
{{- end }}
ORLEANSDTM_Security__Oidc__Scopes: {{ .scopes | quote }}
ORLEANSDTM_Security__Oidc__RoleClaim: {{ .roleClaim | quote }}
ORLEANSDTM_Security__Oidc__NameClaim: {{ .nameClaim | quote }}
{{- if .roles }}
{{- $roles := list }}
{{- range $value, $role := .roles }}{{ $roles = append $roles (printf "%s %s" $value $role) }}{{ end }}
ORLEANSDTM_Security__Oidc__Roles: {{ join "\n" $roles | quote }}
{{- end }}
{{- with .name }}
ORLEANSDTM_Security__Oidc__Name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.security.allowAnonymous }}
ORLEANSDTM_Security__AllowAnonymous: "true"
{{- end }}
{{- if .Values.security.anonymousMetrics }}
ORLEANSDTM_Security__AnonymousMetrics: "true"
{{- end }}
{{- with .Values.tls }}
{{- if .secret }}
ORLEANSDTM_Tls__CertificatePath: /etc/orleansdtm/http-tls/tls.crt
ORLEANSDTM_Tls__KeyPath: /etc/orleansdtm/http-tls/tls.key
{{- with .caKey }}
ORLEANSDTM_Branches__Tls__CaPath: /etc/orleansdtm/http-tls/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.grpc.tlsSecret }}
ORLEANSDTM_Grpc__TlsCertificate: /etc/orleansdtm/tls/tls.crt
ORLEANSDTM_Grpc__TlsKey: /etc/orleansdtm/tls/tls.key
{{- end }}
{{- if not .Values.admin.enabled }}
ORLEANSDTM_Admin__Enabled: "false"
{{- end }}
{{- if ne .Values.admin.basePath "/" }}
ORLEANSDTM_Admin__BasePath: {{ .Values.admin.basePath | quote }}
{{- end }}
{{- if .Values.ingress.enabled }}
{{- $hosts := list }}
{{- range .Values.ingress.hosts }}
{{- with .host }}{{ $hosts = append $hosts . }}{{ end }}
{{- end }}
{{- $given := false }}
{{- range $key, $value := .Values.config }}
{{- if regexMatch "(?i)^hosts(:|$)" $key }}{{ $given = true }}{{ end }}
{{- end }}
{{- if and $hosts (not $given) }}
ORLEANSDTM_Hosts: {{ join "\n" $hosts | quote }}
{{- end }}
{{- end }}
{{- range $key, $value := .Values.config }}
ORLEANSDTM_{{ $key | replace ":" "__" }}: {{ include "orleansdtm.scalar" $value | quote }}
{{- end }}
{{- end -}}
