"""The ASGI application: `manage.py serve` runs it; any ASGI server may."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vodtender.settings")

from django.core.asgi import get_asgi_application

from vodtender import web_pool
from vodtender.env import load_dotenv
from vodtender.telemetry import tracing

load_dotenv()
application = get_asgi_application()
web_pool.use()
tracing.start()

from vodtender.monitor import reporting  # noqa: E402 - needs the app registry

reporting.Reporter().start()
