# syntax=docker/dockerfile:1
# Builds the one binary and puts it alone, as uid 10001, on a slim Debian.
#   docker build -t noemie-gateway .

FROM rust:1.95-bookworm AS builder
WORKDIR /src
# The build cache is a mount: registry and target directory survive from one build to the next, so a change in our own code
# recompiles our own code only, and needs no dummy main.rs that stands in for it. The binary is copied out, because a mount
# is not part of the layer.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bin noemie-gateway \
    && install -D -m 0755 target/release/noemie-gateway /out/noemie-gateway

FROM debian:bookworm-slim
# ca-certificates: TLS to a database or broker outside this host.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 noemie \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin noemie \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=builder /out/noemie-gateway /usr/local/bin/noemie-gateway
# A number, not a name, so that an orchestrator can check that it is not root.
USER 10001:10001
WORKDIR /data
ENV NOEMIE_DATA_DIR=/data
VOLUME ["/data"]
# 50051 gRPC, 9464 admin (/healthz, /metrics). Both listen on loopback until NOEMIE_GRPC_LISTEN and NOEMIE_ADMIN_LISTEN say otherwise.
EXPOSE 50051 9464
# The binary asks its own admin port: the image needs no curl.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["noemie-gateway", "health"]
ENTRYPOINT ["noemie-gateway"]
CMD ["serve"]
