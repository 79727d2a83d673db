# What is needed to build is left in the first stage; nothing here needs a shell at run time.
#   docker build -t waypost .
ARG PYTHON=docker.io/library/python:3.11-slim

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY requirements-image.lock ./
RUN python -m venv /opt/waypost \
    && /opt/waypost/bin/pip install --require-hashes --only-binary :all: -r requirements-image.lock
COPY pyproject.toml README.md CHANGELOG.md LICENSE NOTICE ./
COPY src ./src
# The build tools are in the lock: they make the wheel, and go with pip. So does what phonenumbers knows of places
# and carriers, 45 MB that nothing here asks for.
RUN /opt/waypost/bin/python -m hatchling build -t wheel -d /wheel \
    && /opt/waypost/bin/pip install --no-deps --no-index /wheel/*.whl \
    && /opt/waypost/bin/pip uninstall -y --quiet hatchling editables pathspec pluggy trove-classifiers pip setuptools \
    && cd /opt/waypost/lib/python3.*/site-packages/phonenumbers && rm -r geodata carrierdata tzdata \
        geocoder.py carrier.py timezone.py

FROM ${PYTHON}
LABEL org.opencontainers.image.title="Waypost" \
    org.opencontainers.image.description="A self-hosted WhatsApp messaging gateway" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 waypost \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin waypost \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/waypost /opt/waypost
# Listening on every address of the container; which port of the machine leads there is up to who starts it.
ENV PATH=/opt/waypost/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WAYPOST_DATA=/data \
    WAYPOST_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8780
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "waypost.cli.ready"]
ENTRYPOINT ["waypost"]
CMD ["serve"]
