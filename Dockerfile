# docker build -t orleansdtm .
# docker run --rm orleansdtm key --name me --role admin
# docker run -p 36789:36789 -p 36790:36790 -v orleansdtm:/data -e "Security__Keys__0=me admin sha256:..." orleansdtm
# Without a key it does not start (src/OrleansDtm.Server/Security/README.md).

# Base images by digest, so that the same source gives the same image. Print the current ones with
# docker buildx imagetools inspect mcr.microsoft.com/dotnet/sdk:10.0 (and aspnet:10.0).
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0@sha256:ea8bde36c11b6e7eec2656d0e59101d4462f6bd630730f2c8201ed0572b295d5
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0@sha256:1fa23fc4872d95fd71c2833ebe65d7e84a43b2d51a31d119516852f13d9505a7

# Compiled once for both architectures: only SQLite's native library differs. So arm64 needs no emulation.
FROM --platform=$BUILDPLATFORM ${SDK_IMAGE} AS build
WORKDIR /source
COPY . .
# Empty = the version in Directory.Build.props.
ARG VERSION=
# Exactly the packages of the lock files. Analyzers belong to CI. /native has the libraries of each architecture; those
# of other systems go.
RUN --mount=type=cache,target=/root/.nuget/packages \
    dotnet restore src/OrleansDtm.Server --locked-mode \
    && dotnet publish src/OrleansDtm.Server -c Release --no-restore ${VERSION:+-p:Version=$VERSION} \
      -p:UseAppHost=false -p:DebugType=none -p:GenerateDocumentationFile=false -p:RunAnalyzers=false -o /app \
    && mkdir -p /data /native/amd64/runtimes /native/arm64/runtimes \
    && mv /app/runtimes/linux-x64 /native/amd64/runtimes/ \
    && mv /app/runtimes/linux-arm64 /native/arm64/runtimes/ \
    && rm -r /app/runtimes

FROM ${RUNTIME_IMAGE}
ARG TARGETARCH
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="OrleansDtm" \
      org.opencontainers.image.description="A distributed transaction coordinator on Microsoft Orleans that speaks DTM's protocol" \
      org.opencontainers.image.source="https://github.com/orleansdtm/orleansdtm" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
# 32 MB, and 1.5 MB of native SQLite. A third is KubernetesClient, which Orleans needs for Cluster:Mode=Kubernetes; then
# Orleans, the drivers of the databases, OpenTelemetry, gRPC and the server with its admin page.
COPY --from=build /app .
COPY --from=build /native/${TARGETARCH:-amd64} .
# 1654 is the user "app" of the base image, by number so that Kubernetes can see that it is not root.
COPY --from=build --chown=1654:1654 /data /data
USER 1654:1654
# A container has its own loopback, so "localhost" would be unreachable. The drain ends within the 10 s after which
# docker stop kills; the Helm chart and compose.yaml set longer ones.
ENV ORLEANSDTM_Bind=* \
    ORLEANSDTM_DrainTimeout=5 \
    ORLEANSDTM_Store__Path=/data/orleansdtm.db
VOLUME /data
# HTTP and JSON-RPC, gRPC
EXPOSE 36789 36790
# For docker and compose; Kubernetes has its own probes. The image has no curl, so bash makes the request.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/36789 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
# No shell, so that SIGTERM reaches the server. With a longer DrainTimeout, docker stop needs --time: 10 s more than it.
ENTRYPOINT ["dotnet", "OrleansDtm.Server.dll"]
