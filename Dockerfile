# Banyan in a container that needs to write nowhere but its own volume:
#
#   docker build -t banyan .
#   docker run --read-only --tmpfs /tmp -v ./routes.yaml:/etc/banyan/routes.yaml:ro -p 8080:8080 banyan
#
# Mount the folder rather than the file where routes.yaml is to be reloaded: a mounted file stays the one that was mounted.
# `admin:` listens on the container's loopback address, where `docker exec NAME banyan promote …` needs no token to be set,
# unless routes.yaml says otherwise; then set BANYAN_ADMIN_TOKEN.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends gcc libc6-dev
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv --without-pip /opt/banyan \
    && pip install --require-hashes -r requirements/build.txt \
    && pip --python /opt/banyan/bin/python install --require-hashes -r requirements/run.txt
COPY pyproject.toml hatch_build.py LICENSE README.md ./
COPY proxy proxy
COPY adapters adapters
COPY examples examples
RUN BANYAN_COMPILE=always pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /dist . \
    && pip --python /opt/banyan/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin banyan \
    && install --directory --owner 10001 --group 10001 /var/lib/banyan
COPY --from=build /opt/banyan /opt/banyan
ENV PATH=/opt/banyan/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Where the health check asks: change it with `admin:` in routes.yaml.
ENV BANYAN_HEALTH_URL=http://127.0.0.1:9090/-/healthy
# Beside a routes.yaml that is mounted read-only nothing can be kept.
ENV BANYAN_STATE_DIR=/var/lib/banyan
WORKDIR /var/lib/banyan
VOLUME /var/lib/banyan
USER 10001:10001
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-c", "\
import os, urllib.request as web; \
token = os.environ.get('BANYAN_ADMIN_TOKEN', ''); \
ask = web.Request(os.environ['BANYAN_HEALTH_URL'], headers={'Authorization': 'Bearer ' + token}); \
web.build_opener(web.ProxyHandler({})).open(ask, timeout=2)"]
ENTRYPOINT ["banyan"]
CMD ["serve", "--config", "/etc/banyan/routes.yaml"]
