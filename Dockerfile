# Two programs in one small image: the worker (the default) and vlroles, the command line.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/worker ./worker \
 && CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/vlroles ./starter/vlroles

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/ /usr/local/bin/
USER nonroot
ENTRYPOINT ["/usr/local/bin/worker"]
