# The images of docker-compose.yml, by target: api (no training in it), proxy, worker, s3-copy.
#
# Libraries change seldom and are large, code changes often and is small: they lie in layers of their own, so that a
# change of code rebuilds the last few megabytes only. The worker has the API's libraries as the same layer, and its own
# on top. Nothing here needs BuildKit. The stages of the API come first: the classic builder makes all that come before.
ARG BASE=python:3.11-slim-bookworm

# ---- what every image has: a user, the folders it may write to, and the command
FROM ${BASE} AS base
RUN groupadd --gid 10001 item2vec \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin item2vec \
 && install -d -m 0750 -o 10001 -g 10001 /data /cache /run/secrets /run/secrets-api /run/secrets-worker \
 && printf '#!/bin/sh\nexec python -m item2vec "$@"\n' >/usr/local/bin/item2vec \
 && chmod 755 /usr/local/bin/item2vec
# Safe path: a module in the folder of the data must not stand in for ours.
ENV PATH=/opt/training/bin:/opt/item2vec/bin:$PATH PYTHONPATH=/opt/code PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
WORKDIR /data

# ---- the lists of libraries: a change of pyproject.toml that leaves them alone does not reinstall anything
FROM ${BASE} AS requirements
WORKDIR /build
COPY deploy/requirements.py pyproject.toml ./
RUN python requirements.py api >api.txt && python requirements.py worker >worker.txt

# ---- the code, installed: with its metadata, which a training writes into the manifest
FROM ${BASE} AS code
WORKDIR /build
COPY constraints.txt ./
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir -q -c constraints.txt setuptools
COPY pyproject.toml README.md ./
COPY item2vec item2vec
COPY index index
COPY store store
COPY app app
COPY training training
COPY cli cli
RUN /opt/build/bin/pip install --no-cache-dir -q --no-deps --no-build-isolation --target /opt/code . \
 && rm -rf /opt/code/bin

# ---- what the API imports
FROM base AS api-libraries
WORKDIR /build
COPY --from=requirements /build/api.txt ./
COPY constraints.txt ./
RUN python -m venv /opt/item2vec \
 && /opt/item2vec/bin/pip install --no-cache-dir -q -r api.txt -c constraints.txt \
 && /opt/item2vec/bin/pip uninstall -q -y pip setuptools

FROM base AS serving
COPY --from=api-libraries /opt/item2vec /opt/item2vec

FROM serving AS api
# One thread a search: requests run side by side already.
ENV OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
COPY deploy/health.py deploy/first_start.py /opt/deploy/
COPY --from=code /opt/code /opt/code
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-S", "-E", "/opt/deploy/health.py", "http", "8000", "/healthz"]
STOPSIGNAL SIGTERM
CMD ["item2vec", "api"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="item2vec API" \
      org.opencontainers.image.description="Similar items over HTTP; needs a folder of models and a database" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---- one address for any number of APIs: Debian's HAProxy on the same base, so that it costs a few megabytes
FROM base AS proxy
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY deploy/haproxy.cfg /etc/haproxy/haproxy.cfg
RUN haproxy -c -f /etc/haproxy/haproxy.cfg
COPY deploy/health.py /opt/deploy/
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python3", "-S", "-E", "/opt/deploy/health.py", "http", "8000", "/-/proxy"]
# HAProxy ends open requests first at this one; at SIGTERM it would cut them off.
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="item2vec proxy" \
      org.opencontainers.image.description="HAProxy in front of the APIs, as many as there are" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---- what the worker imports beyond that: pip sees the API's libraries there and installs only the rest
FROM serving AS worker-libraries
WORKDIR /build
COPY --from=requirements /build/worker.txt ./
COPY constraints.txt ./
# Tests and headers that the libraries bring along are a tenth of it.
RUN python -m venv /opt/training \
 && site=$(/opt/training/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && /opt/item2vec/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$site/serving.pth" \
 && /opt/training/bin/pip install --no-cache-dir -q -r worker.txt -c constraints.txt \
 && /opt/training/bin/pip uninstall -q -y pip setuptools \
 && cd "$site" \
 && rm -rf numba/tests llvmlite/tests gensim/test pyarrow/tests pyarrow/include \
 && find scipy -type d -name tests -prune -exec rm -rf {} +

FROM serving AS worker
# Numba keeps what it compiled here: on a volume, so that a new container need not compile again.
ENV OPENBLAS_NUM_THREADS=1 NUMBA_CACHE_DIR=/cache/numba
COPY --from=worker-libraries /opt/training /opt/training
COPY deploy/health.py /opt/deploy/
COPY --from=code /opt/code /opt/code
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-S", "-E", "/opt/deploy/health.py", "worker"]
STOPSIGNAL SIGTERM
CMD ["item2vec", "worker"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="item2vec worker" \
      org.opencontainers.image.description="Trains models and publishes them into the folder that the API serves" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---- profile s3: copies the artifacts into a bucket
FROM base AS s3-copy
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends ca-certificates rclone \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY deploy/s3-copy /opt/deploy/
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=3s --start-period=120s --retries=3 CMD ["sh", "/opt/deploy/s3-copy", "healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["sh", "/opt/deploy/s3-copy"]
CMD ["watch"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="item2vec S3 copy" \
      org.opencontainers.image.description="Copies the artifacts into a bucket, or back" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
