# syntax=docker/dockerfile:1
# Builds the program and puts it alone, as uid 10001, on a slim Debian.
#   docker build -t noemie-gateway .
# The program of the image is stripped. Its debug file, for backtraces with lines, gdb and perf, is a stage of its own:
#   docker build --target debug --output target/ship .

# The compiler of rust-toolchain.toml. The file itself is not in the context: rustup would fetch rustfmt and clippy for it.
FROM rust:1.95.0-bookworm AS builder
WORKDIR /src
# The build cache is a mount: registry and target directory survive from one build to the next, so that a change of the
# gateway's code recompiles that code only. The program is written outside of target/, because a mount is not part of the
# layer.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    scripts/ship.sh /out

FROM scratch AS debug
COPY --from=builder /out/noemie-gateway.debug /

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
