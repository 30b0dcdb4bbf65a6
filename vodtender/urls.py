"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from vodtender import health, metrics_view, status

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("status", status.status, name="status"),
    path("metrics", metrics_view.metrics, name="metrics"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("", include("vodtender.monitor.urls")),
    path("", include("vods.urls")),
    path("", include("chat.urls")),
]
