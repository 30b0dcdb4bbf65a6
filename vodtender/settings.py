"""Settings, read once from the environment. docs/CONFIG.md explains every variable."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.templatetags.static import static
from django.urls import reverse_lazy

from vodtender.env import SAMPLERS, Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# Where things are
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "data", BASE_DIR)
MEDIA_DIR = env.path("MEDIA_DIR", DATA_DIR / "media", BASE_DIR)
HTTP_ADDR = env.address("HTTP_ADDR", "127.0.0.1:8080")
PUBLIC_URL = env.url("PUBLIC_URL", "", ("http", "https")).rstrip("/")
PUBLIC_ARCHIVE = env.flag("PUBLIC_ARCHIVE")
METRICS_TOKEN = env.secret("METRICS_TOKEN")
if not METRICS_TOKEN.isascii():
    raise EnvError("METRICS_TOKEN should be plain ASCII: letters, digits and the like. A header carries no others.")

# Keys. checks.py refuses to start a process without them; commands that need none work.
DEBUG = env.flag("DEBUG")
SECRET_KEY_IS_SET = bool(env.secret("SECRET_KEY"))
SECRET_KEY = env.secret("SECRET_KEY") or secrets.token_urlsafe(50)
ENCRYPTION_KEYS = [key.strip() for key in env.secret("ENCRYPTION_KEY").split(",") if key.strip()]

# Twitch
TWITCH_CHANNELS = [name.lower() for name in env.names("TWITCH_CHANNEL", "TWITCH_CHANNELS")]
TWITCH_CLIENT_ID = env.text("TWITCH_CLIENT_ID")
TWITCH_CLIENT_SECRET = env.secret("TWITCH_CLIENT_SECRET")
TWITCH_IRC_URL = env.url("TWITCH_IRC_URL", "ircs://irc.chat.twitch.tv:6697", ("ircs", "irc"))
TWITCH_BOT_USERNAME = env.text("TWITCH_BOT_USERNAME")
TWITCH_OAUTH_TOKEN = env.secret("TWITCH_OAUTH_TOKEN")
CHAT_AUTO_START = env.flag("CHAT_AUTO_START", True)
CHAT_AUTO_POLL_INTERVAL = env.duration("CHAT_AUTO_POLL_INTERVAL", "30s", least=1)
VOD_RECONCILE_DELAY = env.duration("VOD_RECONCILE_DELAY", "1m", least=1)
VOD_DISCOVERY_INTERVAL = env.duration("VOD_DISCOVERY_INTERVAL", "10m", least=10)
VOD_CATALOG_BACKFILL_INTERVAL = env.duration("VOD_CATALOG_BACKFILL_INTERVAL", "6h", least=60)
VOD_CATALOG_MAX = env.integer("VOD_CATALOG_MAX", 0)
VOD_CATALOG_MAX_AGE_DAYS = env.integer("VOD_CATALOG_MAX_AGE_DAYS", 0)
TWITCH_VOD_LIFETIME_DAYS = env.integer("TWITCH_VOD_LIFETIME_DAYS", 14, least=1)
VOD_URGENT_DAYS = env.integer("VOD_URGENT_DAYS", 0)


def _backlog() -> int | None:
    if env.text("ARCHIVE_BACKLOG").lower() == "all":
        return None
    try:
        return env.integer("ARCHIVE_BACKLOG", 3)
    except EnvError:
        raise EnvError(
            f"ARCHIVE_BACKLOG should be a number of VODs or all, not {env.text('ARCHIVE_BACKLOG')!r}."
        ) from None


ARCHIVE_BACKLOG = _backlog()  # None: all

# Processing
VOD_PROCESS_INTERVAL = env.duration("VOD_PROCESS_INTERVAL", "1m", least=1)
MAX_CONCURRENT_DOWNLOADS = env.integer("MAX_CONCURRENT_DOWNLOADS", 1, least=1, most=32)
MAX_CONCURRENT_UPLOADS = env.integer("MAX_CONCURRENT_UPLOADS", 1, least=1, most=32)
DOWNLOAD_CONNECTIONS = env.integer("DOWNLOAD_CONNECTIONS", 8, least=1, most=32)
DOWNLOAD_QUALITY = env.text("DOWNLOAD_QUALITY", "best")
DOWNLOAD_RATE_LIMIT = env.size("DOWNLOAD_RATE_LIMIT", "0")
DOWNLOAD_MAX_ATTEMPTS = env.integer("DOWNLOAD_MAX_ATTEMPTS", 5, least=1)
DOWNLOAD_BACKOFF_BASE = env.duration("DOWNLOAD_BACKOFF_BASE", "2s", least=1)
CIRCUIT_FAILURE_THRESHOLD = env.integer("CIRCUIT_FAILURE_THRESHOLD", 5, least=1)
CIRCUIT_OPEN_COOLDOWN = env.duration("CIRCUIT_OPEN_COOLDOWN", "5m", least=1)
PROCESSING_RETRY_COOLDOWN = env.duration("PROCESSING_RETRY_COOLDOWN", "600s", least=1)
UPLOAD_MAX_ATTEMPTS = env.integer("UPLOAD_MAX_ATTEMPTS", 5, least=1)
UPLOAD_DAILY_LIMIT = env.integer("UPLOAD_DAILY_LIMIT", 10)
BACKFILL_UPLOAD_DAILY_LIMIT = env.integer("BACKFILL_UPLOAD_DAILY_LIMIT", 10)
UPLOAD_BACKOFF_BASE = env.duration("UPLOAD_BACKOFF_BASE", "2s", least=1)
LEASE_SECONDS = env.duration("LEASE_SECONDS", "120s", least=2)
LEASE_HEARTBEAT = env.duration("LEASE_HEARTBEAT", "20s", least=1)
LEASE_GIVE_UP = env.duration("LEASE_GIVE_UP", "80s", least=1)
CANCEL_POLL = env.duration("CANCEL_POLL", "5s", least=1)
WATCHDOG_SECONDS = env.duration("WATCHDOG_SECONDS", "45s", least=5)
FFMPEG_PATH = env.text("FFMPEG_PATH")

# YouTube
YOUTUBE_UPLOAD_ENABLED = env.flag("YOUTUBE_UPLOAD_ENABLED")
YOUTUBE_UPLOAD_OWNERSHIP = env.choice("YOUTUBE_UPLOAD_OWNERSHIP", "", ("", "self", "authorized"))
YOUTUBE_PRIVACY = env.choice("YOUTUBE_PRIVACY", "private", ("private", "unlisted", "public"))
YT_CLIENT_ID = env.text("YT_CLIENT_ID")
YT_CLIENT_SECRET = env.secret("YT_CLIENT_SECRET")
UPLOAD_CHUNK_BYTES = env.integer("UPLOAD_CHUNK_MIB", 16, least=1, most=256) * 2**20

# Retention
RETENTION_KEEP_DAYS = env.integer("RETENTION_KEEP_DAYS", 0, most=36500)
RETENTION_KEEP_COUNT = env.integer("RETENTION_KEEP_COUNT", 0)
RETENTION_MAX_SIZE = env.size("RETENTION_MAX_SIZE", "0")
RETENTION_MIN_FREE = env.size("RETENTION_MIN_FREE", "0")
RETAIN_KEEP_NEWER_THAN_DAYS = env.integer("RETAIN_KEEP_NEWER_THAN_DAYS", 7, most=36500)
RETENTION_DELETE_UNPUBLISHED = env.flag("RETENTION_DELETE_UNPUBLISHED")
RETENTION_DRY_RUN = env.flag("RETENTION_DRY_RUN")
RETENTION_INTERVAL = env.duration("RETENTION_INTERVAL", "6h", least=60)

# First admin
ADMIN_USERNAME = env.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.secret("ADMIN_PASSWORD")

# Telemetry
LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warn", "error"))
LOG_FORMAT = env.choice("LOG_FORMAT", "text", ("text", "json"))
OTEL_EXPORTER_OTLP_ENDPOINT = env.collector("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "vod-tender")
OTEL_TRACES_SAMPLER = env.choice("OTEL_TRACES_SAMPLER", "parentbased_always_on", SAMPLERS)
OTEL_TRACES_SAMPLER_ARG = env.fraction("OTEL_TRACES_SAMPLER_ARG", "1")
OTEL_PYTHON_DJANGO_EXCLUDED_URLS = env.patterns("OTEL_PYTHON_DJANGO_EXCLUDED_URLS")
ENABLE_PPROF = env.flag("ENABLE_PPROF")
PPROF_ADDR = env.address("PPROF_ADDR", "localhost:6060")  # the web's; worker and recorder take the next two ports
if PPROF_ADDR[1] > 65533:
    raise EnvError(f"PPROF_ADDR should have a port of at most 65533, not {PPROF_ADDR[1]}: the next two are needed too.")
PPROF_ALLOW_PUBLIC = env.flag("PPROF_ALLOW_PUBLIC")
PPROF_HEAP_FRAMES = env.integer("PPROF_HEAP_FRAMES", 4, most=64)

# Django
INSTALLED_APPS = [
    "vodtender",
    "vodtender.telemetry",
    "vodtender.monitor",
    "oauth",
    "vods",
    "chat",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_prometheus",
    "django_q",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "vodtender.telemetry.middleware.correlation_middleware",
    "vodtender.web_load.web_load_middleware",
    "vodtender.middleware.probe_host_middleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "vodtender.telemetry.request_spans.RequestSpans",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "vodtender.middleware.LoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "vodtender.middleware.admin_csp_middleware",
    "allauth.account.middleware.AccountMiddleware",
    "vodtender.request_metrics.RequestMetricsMiddleware",
]

ROOT_URLCONF = "vodtender.urls"
ASGI_APPLICATION = "vodtender.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "vodtender.context.product",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    if url := env.secret("DATABASE_URL"):
        form = "postgres://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ and the like in the password"
        wrong = EnvError(f"DATABASE_URL should be {form} (without it SQLite in DATA_DIR is used).")
        try:
            if urlsplit(url).scheme not in {"postgres", "postgresql"}:
                raise wrong
            # conn_max_age stays 0: under ASGI a request's thread does not come back. The web's pool is in web_pool.py.
            database = dict(dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True))
        except ValueError:  # its text may hold the password
            raise wrong from None
        if not database["NAME"]:
            raise wrong
        return database
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "vodtender.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
        },
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# A short job and a VOD that takes hours need different clusters: FACTS of django-q2 in docs/ARCHITECTURE.md.
SHORT_JOB_SECONDS, SHORT_JOB_RETRY = 120, 180
MEDIA_WORKERS = MAX_CONCURRENT_DOWNLOADS + MAX_CONCURRENT_UPLOADS
Q_CLUSTER = {
    "name": "default",
    "orm": "default",
    "broker_class": "vodtender.broker.Broker",
    "workers": 2,
    "timeout": SHORT_JOB_SECONDS,
    "retry": SHORT_JOB_RETRY,
    "max_attempts": 3,
    "ack_failures": True,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 1,
    "recycle": 100,
    "catch_up": False,
    "save_limit": 250,
    "label": "Jobs",
    "ALT_CLUSTERS": {
        "media": {
            "workers": MEDIA_WORKERS,
            "timeout": 7 * 86400,
            "retry": 8 * 86400,
            "max_attempts": 1,
            "ack_failures": True,
            "queue_limit": 1,
            "recycle": 20,
            "scheduler": False,
        }
    },
}

# Accounts
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "vodtender.accounts.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"

# Web
_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname] if _public.hostname else ["localhost", "127.0.0.1", "[::1]"]
if not PUBLIC_URL and HTTP_ADDR[0] not in {"0.0.0.0", "::", "localhost", "127.0.0.1", "::1"}:  # noqa: S104
    ALLOWED_HOSTS.append(HTTP_ADDR[0])
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if PUBLIC_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^status$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31536000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = f"vodtender_session_{HTTP_ADDR[1]}"  # two copies on one host share its cookies
CSRF_COOKIE_NAME = f"vodtender_csrf_{HTTP_ADDR[1]}"
X_FRAME_OPTIONS = "DENY"
CSP_SELF: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "media-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "manifest-src": [SELF],
}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": CSP_SELF}
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "corr": {"()": "vodtender.telemetry.logs.CorrelationFilter"},
        "refused_host": {"()": "vodtender.telemetry.logs.RefusedHostFilter"},
    },
    "formatters": {
        "text": {"()": "vodtender.telemetry.logs.TextFormatter"},
        "json": {"()": "vodtender.telemetry.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "vodtender.telemetry.output.StderrHandler",
            "level": {"warn": "WARNING"}.get(LOG_LEVEL, LOG_LEVEL.upper()),  # also for loggers with levels of their own
            "formatter": LOG_FORMAT,
            "filters": ["corr"],
        },
    },
    "root": {"handlers": ["stderr"], "level": {"warn": "WARNING"}.get(LOG_LEVEL, LOG_LEVEL.upper())},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.security.DisallowedHost": {"filters": ["refused_host"]},
        "django-q": {"handlers": [], "propagate": True, "level": "WARNING"},
        "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
        "uvicorn.access": {"handlers": [], "propagate": True, "level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "googleapiclient": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},
    },
}

UNFOLD = {
    "SITE_TITLE": "vod-tender",
    "SITE_HEADER": "vod-tender",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SITE_ICON": lambda request: static("favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")}],
    "COLORS": {
        "primary": {
            "50": "240 250 249",
            "100": "222 241 239",
            "200": "184 224 220",
            "300": "132 199 193",
            "400": "74 163 157",
            "500": "31 128 124",
            "600": "10 107 104",
            "700": "10 87 85",
            "800": "13 69 68",
            "900": "14 57 56",
            "950": "5 34 34",
        }
    },
}
