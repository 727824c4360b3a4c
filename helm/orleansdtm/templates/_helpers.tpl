{{/* Names are cut short enough for the suffixes of Services and of what controllers derive from them. */}}
{{- define "orleansdtm.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "orleansdtm.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "orleansdtm.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What never changes in the life of a release: selectors are made of it. */}}
{{- define "orleansdtm.releaseLabels" -}}
app.kubernetes.io/name: {{ include "orleansdtm.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "orleansdtm.selectorLabels" -}}
{{ include "orleansdtm.releaseLabels" . }}
app.kubernetes.io/component: coordinator
{{- end -}}

{{- define "orleansdtm.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "orleansdtm.releaseLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: orleansdtm
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* "yes" with a database that several silos can share, otherwise empty. */}}
{{- define "orleansdtm.clustered" -}}
{{- if ne .Values.store.driver "sqlite" -}}yes{{- end -}}
{{- end -}}

{{- define "orleansdtm.clusterMode" -}}
{{- if not (include "orleansdtm.clustered" .) -}}Local
{{- else -}}{{- default "Kubernetes" .Values.cluster.mode -}}
{{- end -}}
{{- end -}}

{{/* "yes" when the pods ask the Kubernetes API who lives. */}}
{{- define "orleansdtm.asksKubernetes" -}}
{{- if eq (include "orleansdtm.clusterMode" .) "Kubernetes" -}}yes{{- end -}}
{{- end -}}

{{- define "orleansdtm.clusterId" -}}
{{- default (include "orleansdtm.fullname" .) .Values.cluster.clusterId -}}
{{- end -}}

{{- define "orleansdtm.serviceId" -}}
{{- default (include "orleansdtm.fullname" .) .Values.cluster.serviceId -}}
{{- end -}}

{{- define "orleansdtm.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "orleansdtm.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the store's secrets; empty = none. */}}
{{- define "orleansdtm.storeSecret" -}}
{{- if .Values.store.existingSecret -}}{{ .Values.store.existingSecret }}
{{- else if .Values.store.password -}}{{ include "orleansdtm.fullname" . }}-store
{{- end -}}
{{- end -}}

{{/* "yes" when callers must prove who they are. */}}
{{- define "orleansdtm.secured" -}}
{{- if or (include "orleansdtm.keysSecret" .) .Values.security.jwt.authority .Values.security.jwt.jwksUri .Values.security.oidc.authority -}}yes{{- end -}}
{{- end -}}

{{/* The Secret with the lines of keys; empty = none. */}}
{{- define "orleansdtm.keysSecret" -}}
{{- if .Values.security.existingSecret -}}{{ .Values.security.existingSecret }}
{{- else if .Values.security.keys -}}{{ include "orleansdtm.fullname" . }}-keys
{{- end -}}
{{- end -}}

{{/* Of the HTTP port. */}}
{{- define "orleansdtm.scheme" -}}
{{- if .Values.tls.secret -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{/* Of the gRPC port, as Services say it. */}}
{{- define "orleansdtm.grpcProtocol" -}}
{{- if or .Values.tls.secret .Values.grpc.tlsSecret -}}https{{- else -}}kubernetes.io/h2c{{- end -}}
{{- end -}}

{{- define "orleansdtm.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Numbers of a values file arrive as floats, and 4194304 would be written 4.194304e+06. */}}
{{- define "orleansdtm.scalar" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* The server hangs up after its drain and then needs up to 10 s to close silo and store; 5 s are to spare. */}}
{{- define "orleansdtm.gracePeriod" -}}
{{- add .Values.preStopSeconds .Values.drainTimeoutSeconds 15 -}}
{{- end -}}
