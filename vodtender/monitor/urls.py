"""Addresses of the monitor."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from vodtender.monitor import views

urlpatterns: list[URLPattern] = [
    path("monitor", views.page, name="monitor"),
    path("monitor/", RedirectView.as_view(pattern_name="monitor", query_string=True)),
    path("monitor/data", views.data, name="monitor-data"),
]
