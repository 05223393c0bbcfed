# One image for every role. By itself it runs the whole service; docker-compose.yml gives each role a container.
# 3.12 is the newest Python for which the embedded Redis exists.

FROM python:3.12-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# The packages change seldom: a layer of their own, before the source.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/newsletter \
    && /opt/newsletter/bin/pip install --require-hashes --no-deps -r requirements.lock \
    && pip install --require-hashes --no-deps -r requirements-build.lock

COPY pyproject.toml README.md LICENSE ./
COPY newsletter newsletter
COPY worker worker
COPY templates templates
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/newsletter/bin/pip install --no-deps /wheels/*.whl \
    && /opt/newsletter/bin/pip uninstall --yes pip


FROM python:3.12-slim
# Fonts for the images that other sites show with a link to a paper.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin newsletter \
    && install -d -m 0700 -o newsletter -g newsletter /data
COPY --from=build /opt/newsletter /opt/newsletter
# No search path for time zones: the pinned tzdata package is the only source.
ENV PATH=/opt/newsletter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONTZPATH= \
    NEWSLETTER_DATA_DIR=/data
# Nothing is installed in this image again.
RUN python -m pip uninstall --yes --quiet --root-user-action ignore pip
USER newsletter
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["newsletter", "up", "--host", "0.0.0.0"]
