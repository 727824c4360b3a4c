{{/* The pod, the same in Deployment and StatefulSet. */}}
{{- define "orleansdtm.podTemplate" -}}
metadata:
  annotations:
    # Changed settings restart the pods.
    checksum/config: {{ include "orleansdtm.settings" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- /* Without the chart's version: a new chart with the same pods must not restart them. */}}
    {{- include "orleansdtm.selectorLabels" . | nindent 4 }}
    app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
    {{- with .Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if include "orleansdtm.asksKubernetes" . }}
    # Silos find the pods of the cluster by these labels.
    orleans/clusterId: {{ include "orleansdtm.clusterId" . | quote }}
    orleans/serviceId: {{ include "orleansdtm.serviceId" . | quote }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "orleansdtm.serviceAccountName" . }}
  automountServiceAccountToken: {{ if include "orleansdtm.asksKubernetes" . }}true{{ else }}false{{ end }}
  # The environment variables of Services would be read as settings: a Service "store" gives STORE_PORT=tcp://...
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "orleansdtm.gracePeriod" . }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: coordinator
      image: {{ include "orleansdtm.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 36789
        - name: grpc
          containerPort: 36790
        {{- if include "orleansdtm.clustered" . }}
        - name: silo
          containerPort: 11111
        - name: gateway
          containerPort: 30000
        {{- end }}
      envFrom:
        - configMapRef:
            name: {{ include "orleansdtm.fullname" . }}
        {{- with .Values.extraEnvFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with include "orleansdtm.env" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      startupProbe:
        httpGet:
          path: /health/live
          port: http
          {{- if $.Values.tls.secret }}
          scheme: HTTPS # Kubernetes does not verify the certificate.
          {{- end }}
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet:
          path: /health/live
          port: http
          {{- if $.Values.tls.secret }}
          scheme: HTTPS # Kubernetes does not verify the certificate.
          {{- end }}
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet:
          path: /health/ready
          port: http
          {{- if $.Values.tls.secret }}
          scheme: HTTPS # Kubernetes does not verify the certificate.
          {{- end }}
        {{- toYaml .Values.probes.readiness | nindent 8 }}
      {{- if gt (int .Values.preStopSeconds) 0 }}
      lifecycle:
        # SIGTERM closes the ports; before that, Services must have removed the pod.
        preStop:
          sleep:
            seconds: {{ int .Values.preStopSeconds }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if not (include "orleansdtm.clustered" .) }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- if include "orleansdtm.keysSecret" . }}
        - name: keys
          mountPath: /etc/orleansdtm/keys
          readOnly: true
        {{- end }}
        {{- if .Values.tls.secret }}
        # The whole folder: Kubernetes does not update a single file (subPath).
        - name: http-tls
          mountPath: /etc/orleansdtm/http-tls
          readOnly: true
        {{- end }}
        {{- if .Values.grpc.tlsSecret }}
        - name: grpc-tls
          mountPath: /etc/orleansdtm/tls
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    {{- if not (include "orleansdtm.clustered" .) }}
    {{- if not .Values.persistence.enabled }}
    - name: data
      emptyDir: {}
    {{- else if .Values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim }}
    {{- end }}
    {{- end }}
    {{- with include "orleansdtm.keysSecret" . }}
    - name: keys
      secret:
        secretName: {{ . }}
        # Readable only for the pod's group, fsGroup.
        defaultMode: 0440
    {{- end }}
    {{- with .Values.tls.secret }}
    - name: http-tls
      secret:
        secretName: {{ . }}
        # Readable only for the pod's group, fsGroup.
        defaultMode: 0440
    {{- end }}
    {{- with .Values.grpc.tlsSecret }}
    - name: grpc-tls
      secret:
        secretName: {{ . }}
        # Readable only for the pod's group, fsGroup.
        defaultMode: 0440
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if include "orleansdtm.clustered" . }}
  topologySpreadConstraints:
    {{- include "orleansdtm.spread" . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Secrets, and what only the pod knows. */}}
{{- define "orleansdtm.env" -}}
{{- $secret := include "orleansdtm.storeSecret" . -}}
{{- $store := .Values.store -}}
{{- if and $secret (not $store.connectionStringKey) (not $store.shardsKey) -}}
- name: ORLEANSDTM_Store__Password
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $store.passwordKey }} } }
{{ end }}
{{- with $store.connectionStringKey -}}
- name: ORLEANSDTM_Store__ConnectionString
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{ end }}
{{- with $store.shardsKey -}}
- name: ORLEANSDTM_Store__Shards
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{ end }}
{{- with .Values.cluster.connectionStringKey -}}
- name: ORLEANSDTM_Cluster__ConnectionString
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{ end }}
{{- with .Values.alerts.existingSecret -}}
- name: ORLEANSDTM_AlertWebHook
  valueFrom: { secretKeyRef: { name: {{ . }}, key: {{ $.Values.alerts.webHookKey }} } }
{{ end }}
{{- if include "orleansdtm.clustered" . -}}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
{{ end }}
{{- if include "orleansdtm.asksKubernetes" . -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: ORLEANS_CLUSTER_ID
  value: {{ include "orleansdtm.clusterId" . | quote }}
- name: ORLEANS_SERVICE_ID
  value: {{ include "orleansdtm.serviceId" . | quote }}
{{ end }}
{{- with .Values.extraEnv -}}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* One zone or node that is lost should not take most silos with it. */}}
{{- define "orleansdtm.spread" -}}
{{- $selector := dict "matchLabels" (include "orleansdtm.selectorLabels" . | fromYaml) -}}
{{- $constraints := .Values.topologySpreadConstraints | default (list
  (dict "topologyKey" "topology.kubernetes.io/zone" "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "matchLabelKeys" (list "pod-template-hash"))
  (dict "topologyKey" "kubernetes.io/hostname" "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "matchLabelKeys" (list "pod-template-hash"))) -}}
{{- $whole := list -}}
{{- range $constraints -}}
{{- $whole = append $whole (merge (deepCopy .) (ternary (dict) (dict "labelSelector" $selector) (hasKey . "labelSelector"))) -}}
{{- end -}}
{{- toYaml $whole -}}
{{- end -}}
