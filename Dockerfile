FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked && cp target/dist/fupan /fupan

FROM debian:bookworm-slim
RUN useradd --uid 10001 --no-create-home fupan && mkdir /data && chown fupan /data
COPY --from=build /fupan /usr/local/bin/fupan
USER 10001
ENV FUPAN_DATA_DIR=/data FUPAN_HTTP__BIND=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s CMD ["fupan", "health"]
ENTRYPOINT ["fupan"]
CMD ["serve"]
