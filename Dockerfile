# vod-tender: web, worker and recorder in one image. docker-compose.yml runs it; alone it is the whole product:
#
#   docker build -t vod-tender .
#   docker run -d --init -p 8080:8080 -v vod_data:/data --env-file .env vod-tender
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
WORKDIR /build
COPY requirements.txt ./
# Every file is known by its hash. ffmpeg comes with imageio-ffmpeg.
RUN /venv/bin/pip install --only-binary=:all: --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    HTTP_ADDR=0.0.0.0:8080 \
    DATA_DIR=/data
RUN useradd --system --uid 10001 --user-group --no-create-home vod \
    && install -d -o vod -g vod -m 0700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py LICENSE ./
COPY vodtender vodtender/
COPY oauth oauth/
COPY vods vods/
COPY chat chat/
COPY simulator simulator/
COPY templates templates/
COPY static static/
COPY deploy/healthcheck.py deploy/
RUN python -m compileall -q manage.py vodtender oauth vods chat simulator
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "deploy/healthcheck.py", "web"]
CMD ["python", "manage.py", "up"]
