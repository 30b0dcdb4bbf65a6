"""Recorded chat. A message's place in a video is `sent_at − vod.started_at + offset`, computed, never stored."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.kinds import Kind
from vods.models import Channel, Vod


class Recording(models.Model):
    """A stretch of one channel's chat. `ended_at` is empty while it runs."""

    class Source(models.TextChoices):
        LIVE = "live", _("recorded live")
        VOD = "vod", _("fetched from the VOD")

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="recordings")
    source = models.CharField(max_length=5, choices=Source.choices, default=Source.LIVE)
    stream_id = models.CharField(max_length=20, blank=True, default="", db_index=True)
    started_at = models.DateTimeField(help_text=_("When the broadcast started, by Twitch's clock."))
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    vods = models.ManyToManyField(Vod, through="RecordingVod", related_name="recordings")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "stream_id"], condition=~models.Q(stream_id=""), name="recording_of_stream"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.started_at:%Y-%m-%d %H:%M}"


class RecordingVod(models.Model):
    """Ties a recording to a VOD: one row, however many messages it holds."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE)
    vod = models.ForeignKey(Vod, on_delete=models.CASCADE)
    offset = models.FloatField(default=0.0, help_text=_("Seconds to add to a message's place in the video."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recording", "vod"], name="recording_vod_once")]

    def __str__(self) -> str:
        return f"{self.recording_id} ↔ {self.vod_id}"


class Presence(models.Model):
    """What the recorder told last of a channel. Old news when `seen_at` is long ago: then the recorder is not there."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="presence")
    connected = models.BooleanField(default=False, help_text=_("Its chat arrives."))
    behind_seconds = models.FloatField(default=0.0, help_text=_("Age of the oldest line that was read and not stored."))
    seen_at = models.DateTimeField(help_text=_("By the database's clock."))

    def __str__(self) -> str:
        return f"{self.channel_id}: {'connected' if self.connected else 'not connected'}"


class Gap(models.Model):
    """A time in which nothing could be recorded. `ended_at` is empty while it lasts."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="gaps")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return f"{self.started_at} – {self.ended_at}"


class Message(models.Model):
    """One line of chat as Twitch sent it."""

    KINDS = (
        (Kind.MESSAGE, _("message")),
        (Kind.ACTION, _("action")),
        (Kind.SUB, _("subscription")),
        (Kind.GIFT, _("gifted subscription")),
        (Kind.RAID, _("raid")),
        (Kind.ANNOUNCEMENT, _("announcement")),
        (Kind.NOTICE, _("notice")),
    )

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="messages")
    message_id = models.CharField(max_length=64, unique=True, help_text=_("Twitch's own."))
    sent_at = models.BigIntegerField(help_text=_("Milliseconds since 1970, by Twitch's clock."))
    kind = models.CharField(max_length=12, choices=KINDS, default=Kind.MESSAGE)
    user_id = models.CharField(max_length=20, blank=True, default="")
    login = models.CharField(max_length=64, blank=True, default="")
    display_name = models.CharField(max_length=100, blank=True, default="")
    colour = models.CharField(max_length=7, blank=True, default="")
    badges = models.CharField(
        max_length=500, blank=True, default="", help_text=_("As Twitch sends them: name/version,…")
    )
    emotes = models.TextField(
        blank=True, default="", help_text=_("As Twitch sends them: id:from-to,…/… in code points.")
    )
    text = models.TextField(blank=True, default="")
    system_text = models.TextField(blank=True, default="", help_text=_("What Twitch itself says of a sub, raid, …"))
    reply_to = models.CharField(max_length=64, blank=True, default="")
    bits = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sent_at", "id"]
        indexes = [models.Index(fields=["recording", "sent_at", "id"], name="message_window")]

    def __str__(self) -> str:
        return f"{self.login}: {self.text[:60]}"


class Bucket(models.Model):
    """Messages per 30 seconds of a recording: `start` is milliseconds since 1970, a multiple of 30,000."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="buckets")
    start = models.BigIntegerField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recording", "start"], name="bucket_start")]

    def __str__(self) -> str:
        return f"{self.recording_id} {self.start}: {self.messages}"
