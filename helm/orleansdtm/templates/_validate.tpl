{{/* Rules that the schema cannot express. Reports all problems at once. */}}
{{- define "orleansdtm.validate" -}}
{{- $problems := list -}}
{{- $store := .Values.store -}}
{{- if eq $store.driver "sqlite" -}}
  {{- if .Values.autoscaling.enabled -}}
    {{- $problems = append $problems "autoscaling.enabled: a SQLite file belongs to one pod; set store.driver to mysql or postgres to run more." -}}
  {{- else if ne (int .Values.replicaCount) 1 -}}
    {{- $problems = append $problems (printf "replicaCount: %d pods cannot share a SQLite file; write 1, or set store.driver to mysql or postgres." (int .Values.replicaCount)) -}}
  {{- end -}}
  {{- if .Values.cluster.mode -}}
    {{- $problems = append $problems (printf "cluster.mode: %s needs a database that silos can share; leave it empty, or set store.driver to mysql or postgres." .Values.cluster.mode) -}}
  {{- end -}}
  {{- if .Values.cluster.tls.secret -}}
    {{- $problems = append $problems "cluster.tls.secret: a single silo has no peers; leave it empty, or set store.driver to mysql or postgres." -}}
  {{- end -}}
  {{- range $key := list "host" "user" "existingSecret" "password" "connectionStringKey" "shardsKey" -}}
    {{- if get $store $key -}}
      {{- $problems = append $problems (printf "store.%s: SQLite has none; remove it, or set store.driver to mysql or postgres." $key) -}}
    {{- end -}}
  {{- end -}}
{{- else -}}
  {{- $whole := or $store.connectionStringKey $store.shardsKey -}}
  {{- if and $whole (not $store.existingSecret) -}}
    {{- $problems = append $problems "store.existingSecret: name the Secret that store.connectionStringKey or store.shardsKey is a key of." -}}
  {{- end -}}
  {{- if not $whole -}}
    {{- if not $store.host -}}
      {{- $problems = append $problems (printf "store.host: the address of the %s server is missing; or give store.existingSecret and store.connectionStringKey." $store.driver) -}}
    {{- end -}}
    {{- if not $store.user -}}
      {{- $problems = append $problems "store.user: the database user is missing." -}}
    {{- end -}}
    {{- if not (or $store.existingSecret $store.password) -}}
      {{- $problems = append $problems "store.existingSecret: name a Secret with the database password in its key store.passwordKey." -}}
    {{- end -}}
  {{- end -}}
  {{- if and .Values.cluster.connectionStringKey (not $store.existingSecret) -}}
    {{- $problems = append $problems "store.existingSecret: name the Secret that cluster.connectionStringKey is a key of." -}}
  {{- end -}}
  {{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
    {{- $problems = append $problems "autoscaling.maxReplicas: must be at least autoscaling.minReplicas." -}}
  {{- end -}}
  {{- if and .Values.autoscaling.enabled (not (dig "requests" "cpu" "" (.Values.resources | default dict))) -}}
    {{- $problems = append $problems "resources.requests.cpu: autoscaling measures against it; set it." -}}
  {{- end -}}
{{- end -}}
{{- if and $store.existingSecret $store.password -}}
  {{- $problems = append $problems "store.password: store.existingSecret already says where the password is; remove one of them." -}}
{{- end -}}
{{- $security := .Values.security -}}
{{- $secured := include "orleansdtm.secured" . -}}
{{- if and $secured $security.allowAnonymous -}}
  {{- $problems = append $problems "security.allowAnonymous: keys or tokens are configured too and would have no effect; remove one of the two." -}}
{{- else if not (or $secured $security.allowAnonymous) -}}
  {{- $problems = append $problems "security: authentication is not configured. Set security.keys (lines that `OrleansDtm.Server key` prints), security.existingSecret (a Secret with them), security.jwt (tokens of an issuer), security.oidc (sign-in of users to the admin page), or security.allowAnonymous=true (no authentication)." -}}
{{- end -}}
{{- if and (eq .Values.service.type "ClusterIP") (or .Values.service.httpNodePort .Values.service.grpcNodePort) -}}
  {{- $problems = append $problems "service.type: only NodePort and LoadBalancer have ports on the nodes; set it, or remove httpNodePort and grpcNodePort." -}}
{{- end -}}
{{- if and .Values.alerts.existingSecret (hasKey .Values.config "AlertWebHook") -}}
  {{- $problems = append $problems "config.AlertWebHook: alerts.existingSecret already says where the URL is; remove one of them." -}}
{{- end -}}
{{- if and $security.existingSecret $security.keys -}}
  {{- $problems = append $problems "security.keys: security.existingSecret already says where the keys are; remove one of them." -}}
{{- end -}}
{{- if and $security.jwt.authority $security.jwt.jwksUri -}}
  {{- $problems = append $problems "security.jwt.jwksUri: security.jwt.authority already says where the keys are; remove one of them." -}}
{{- end -}}
{{- if and $security.jwt.jwksUri (not $security.jwt.issuer) -}}
  {{- $problems = append $problems "security.jwt.issuer: required with jwksUri; set the issuer (iss) of the tokens." -}}
{{- end -}}
{{- if and $security.oidc.authority (not $security.oidc.clientId) -}}
  {{- $problems = append $problems "security.oidc.clientId: required; the id of this server at the issuer." -}}
{{- end -}}
{{- if and (not $security.oidc.authority) (or $security.oidc.clientId $security.oidc.existingSecret) -}}
  {{- $problems = append $problems "security.oidc.authority: required with security.oidc; set the URL of the issuer." -}}
{{- end -}}
{{- if and $security.oidc.authority (not .Values.admin.enabled) -}}
  {{- $problems = append $problems "security.oidc.authority: users sign in on the admin page, which admin.enabled=false switches off." -}}
{{- end -}}
{{- if and .Values.tls.caKey (not .Values.tls.secret) -}}
  {{- $problems = append $problems "tls.secret: name the Secret that tls.caKey is a key of." -}}
{{- end -}}
{{- if and (or $security.jwt.authority $security.jwt.jwksUri) (not $security.jwt.audience) -}}
  {{- $problems = append $problems "security.jwt.audience: required; without it tokens for other services would be accepted." -}}
{{- end -}}
{{- if and $secured .Values.serviceMonitor.enabled (not (or $security.anonymousMetrics .Values.serviceMonitor.keySecret)) -}}
  {{- $problems = append $problems "serviceMonitor.keySecret: Prometheus needs an API key of the role read; or set security.anonymousMetrics." -}}
{{- end -}}
{{- $own := list "bind" "httpport" "grpcport" "loglevel" "draintimeout" "grpc:tlscertificate" "grpc:tlskey"
  "tls:certificatepath" "tls:keypath" "store:driver" "store:path"
  "store:host" "store:port" "store:user" "store:db" "cluster:mode" "cluster:siloport" "cluster:gatewayport" "cluster:clusterid"
  "cluster:serviceid" "cluster:tls:certificatepath" "cluster:tls:keypath" "cluster:tls:capath" "cluster:tls:servername" "logging:format" "telemetry:otlpendpoint" "telemetry:otlpprotocol" "telemetry:traceratio" "telemetry:logs"
  "admin:enabled" "admin:basepath" "security:keysfile" "security:allowanonymous" "security:anonymousmetrics"
  "security:jwt:authority" "security:jwt:jwksuri" "security:jwt:audience" "security:jwt:issuer" "security:jwt:roleclaim"
  "security:oidc:authority" "security:oidc:clientid" "security:oidc:clientsecretfile" "security:oidc:scopes"
  "security:oidc:roleclaim" "security:oidc:nameclaim" "security:oidc:roles" "security:oidc:name" -}}
{{- range $key, $_ := .Values.config -}}
  {{- $lower := lower $key -}}
  {{- if and $.Values.tls.caKey (eq $lower "branches:tls:capath") -}}
    {{- $problems = append $problems (printf "config: %s is set by tls.caKey too; remove one of them." $key) -}}
  {{- end -}}
  {{- if eq $lower "tls:clientcapath" -}}
    {{- $problems = append $problems (printf "config: %s cannot be set: the probes of Kubernetes have no client certificate." $key) -}}
  {{- end -}}
  {{- if has $lower (list "store:password" "store:connectionstring" "store:shards" "cluster:connectionstring" "tls:password"
    "security:oidc:clientsecret" "security:sessionkeys:password") -}}
    {{- $problems = append $problems (printf "config: %s is a secret and would be readable in the ConfigMap; use store.existingSecret and its keys, security.oidc.existingSecret, or extraEnv." $key) -}}
  {{- else if has $lower $own -}}
    {{- $problems = append $problems (printf "config: %s has its own value in this chart; see store, cluster, security, tls, grpc, admin, telemetry, logLevel, logFormat and drainTimeoutSeconds." $key) -}}
  {{- end -}}
{{- end -}}
{{- range $name := list "ingress" "grpcIngress" -}}
  {{- with get $.Values $name -}}
    {{- if and .enabled (not .hosts) -}}
      {{- $problems = append $problems (printf "%s.hosts: name at least one." $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if $problems -}}
  {{- fail (printf "\n\nThe values are invalid:\n  %s\n" (join "\n  " $problems)) -}}
{{- end -}}
{{- end -}}
