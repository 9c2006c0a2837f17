# syntax=docker/dockerfile:1

# SQLite and ring are compiled in and need the C compiler of this image.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/usr/local/cargo/git \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin fupan && cp target/dist/fupan /fupan

# Root certificates and time zones are compiled in: the image needs libc and nothing more.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="复盘台 Fupan" \
      org.opencontainers.image.description="A tracker of production events" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin fupan \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /fupan /usr/local/bin/fupan
ENV FUPAN_DATA_DIR=/data FUPAN_HTTP__BIND=0.0.0.0:8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 CMD ["fupan", "health"]
# SIGTERM: open requests and the mail that is being sent finish first, at most 70 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["fupan"]
CMD ["serve"]
