# The sample bank of compose.yaml: src/Samples/FirstSaga.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${SDK_IMAGE} AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages \
    dotnet restore src/Samples/FirstSaga --locked-mode \
    && dotnet publish src/Samples/FirstSaga -c Release --no-restore -p:UseAppHost=false -p:RunAnalyzers=false -o /app \
    && mkdir /data

FROM ${RUNTIME_IMAGE}
COPY --from=build /app /app
COPY --from=build --chown=1654:1654 /data /data
USER 1654:1654
# The bank writes bank.db here.
WORKDIR /data
VOLUME /data
ENTRYPOINT ["dotnet", "/app/FirstSaga.dll"]
