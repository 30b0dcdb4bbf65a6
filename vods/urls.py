"""Addresses of the pages about VODs."""

from __future__ import annotations

from django.urls import URLPattern, path

from vods import actions, media_view, switches, views

urlpatterns: list[URLPattern] = [
    path("", views.start, name="start"),
    path("now/", views.start_live, name="start-live"),
    path("vods/", views.vod_list, name="vods"),
    path("vods/<str:twitch_id>/", views.vod, name="vod"),
    path("vods/<str:twitch_id>/live/", views.vod_live, name="vod-live"),
    path("vods/<str:twitch_id>/attempts/<int:attempt_id>/log/", views.attempt_log, name="attempt-log"),
    path("vods/<str:twitch_id>/video.mp4", media_view.video, name="vod-video"),
    path("vods/<str:twitch_id>/requeue/", actions.requeue, name="vod-requeue"),
    path("vods/<str:twitch_id>/cancel/", actions.cancel, name="vod-cancel"),
    path("vods/<str:twitch_id>/accept-gap/", actions.accept_gap, name="vod-accept-gap"),
    path("vods/<str:twitch_id>/skip-upload/", actions.skip_upload, name="vod-skip-upload"),
    path("vods/<str:twitch_id>/priority/", actions.priority, name="vod-priority"),
    path("switches/<slug:name>/pause/", switches.switch, {"paused": True}, name="switch-pause"),
    path("switches/<slug:name>/resume/", switches.switch, {"paused": False}, name="switch-resume"),
    path("switches/uploads/reset-circuit/", switches.reset_uploads, name="uploads-reset"),
    path("channels/<str:login>/pause/", switches.pause_channel, {"paused": True}, name="channel-pause"),
    path("channels/<str:login>/resume/", switches.pause_channel, {"paused": False}, name="channel-resume"),
    path("channels/<str:login>/reset-circuit/", switches.reset_channel, name="channel-reset"),
]
