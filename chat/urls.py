"""Addresses of what the pages show of chat."""

from __future__ import annotations

from django.urls import URLPattern, path

from chat.views import live, window

urlpatterns: list[URLPattern] = [
    path("chat/live/", live, name="chat-live"),
    path("vods/<str:twitch_id>/chat/", window, name="chat-window"),
]
