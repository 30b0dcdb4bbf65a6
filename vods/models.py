"""Channels, their VODs, and what was tried with each.

The life of a VOD:

    queued → downloading → downloaded → uploading → done

- failed: an error that may pass; its `step` is tried again at `not_before`.
- needs_attention: an error that will not pass by itself; a person decides (requeue, accept the gap).
- skipped: Twitch does not give it to us (restricted) or has it no more (gone).
- canceled: a person stopped it. Never tried again by itself.
- ignored: known, not wanted (the backlog of a channel just added). One click queues it.

A VOD whose broadcast still runs (`live`) waits in queued and is neither claimed nor counted as pending.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vods.retention_rules import RetentionRules


class Circuit(models.TextChoices):
    """closed: work goes on. open: it waits for `circuit_open_until`. half-open: one probe decides."""

    CLOSED = "closed", _("closed")
    HALF_OPEN = "half_open", _("half-open")
    OPEN = "open", _("open")


class Breaker(models.Model):
    """The fields of a circuit breaker. Changed by circuit.py alone."""

    circuit_state = models.CharField(max_length=10, choices=Circuit.choices, default=Circuit.CLOSED)
    circuit_failures = models.PositiveIntegerField(default=0, help_text=_("In a row."))
    circuit_open_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Switchboard(Breaker):
    """What holds for everything: the pauses, and the circuit breaker of uploads. There is one row."""

    paused = models.BooleanField(default=False, help_text=_("Take up no VOD. What is at work is finished."))
    uploads_paused = models.BooleanField(default=False, help_text=_("Begin no upload. What is at work is finished."))

    class Meta:
        verbose_name_plural = "switchboard"

    def __str__(self) -> str:
        return "Switchboard"

    @classmethod
    def read(cls) -> Switchboard:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Channel(Breaker, RetentionRules):
    """A Twitch channel that we archive."""

    login = models.CharField(
        max_length=25, unique=True, help_text=_("The name in the channel's address, in lower case.")
    )
    twitch_user_id = models.CharField(max_length=20, blank=True, default="", db_index=True)
    display_name = models.CharField(max_length=100, blank=True, default="")
    profile_image_url = models.URLField(max_length=500, blank=True, default="")
    archive = models.BooleanField(default=True, help_text=_("Download this channel's VODs."))
    record_chat = models.BooleanField(default=True, help_text=_("Record this channel's chat while it is live."))
    upload = models.BooleanField(default=True, help_text=_("Publish to YouTube, when uploads are enabled at all."))
    priority = models.IntegerField(default=0, help_text=_("VODs of a channel with a higher number come first."))
    last_download_at = models.DateTimeField(null=True, blank=True, help_text=_("When a VOD of it was last taken up."))
    last_upload_at = models.DateTimeField(null=True, blank=True, help_text=_("The same, for an upload."))
    catalogue_cursor = models.CharField(max_length=500, blank=True, default="")
    catalogue_walked_at = models.DateTimeField(null=True, blank=True)
    discovered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the newest VODs were last asked for.")
    )
    problem = models.TextField(blank=True, default="", help_text=_("What is wrong with this channel, in words."))
    live_stream_id = models.CharField(max_length=20, blank=True, default="")
    live_since = models.DateTimeField(null=True, blank=True)
    paused = models.BooleanField(default=False, help_text=_("Take up no VOD of this channel."))
    quality = models.CharField(
        max_length=20,
        blank=True,
        default="",
        help_text=_("best, 1080p, 720p, 480p, 360p, 160p or audio_only; empty: DOWNLOAD_QUALITY."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["login"]

    def __str__(self) -> str:
        return self.display_name or self.login


class State(models.TextChoices):
    QUEUED = "queued", _("queued")
    DOWNLOADING = "downloading", _("downloading")
    DOWNLOADED = "downloaded", _("downloaded")
    UPLOADING = "uploading", _("uploading")
    DONE = "done", _("done")
    FAILED = "failed", _("failed, will be retried")
    NEEDS_ATTENTION = "needs_attention", _("needs attention")
    SKIPPED = "skipped", _("skipped")
    CANCELED = "canceled", _("canceled")
    IGNORED = "ignored", _("ignored")


# Every change of state that there is. transitions.py makes them, and no other. What is at rest is done when its file
# was imported.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.QUEUED, State.DOWNLOADING, State.DOWNLOADED, State.DONE, State.CANCELED}),
    State.DOWNLOADING: frozenset(
        {
            State.DOWNLOADING,  # a lease ran out and another worker goes on
            State.QUEUED,
            State.DOWNLOADED,
            State.DONE,
            State.FAILED,
            State.NEEDS_ATTENTION,
            State.SKIPPED,
            State.CANCELED,
        }
    ),
    State.DOWNLOADED: frozenset({State.DOWNLOADED, State.UPLOADING, State.DONE, State.QUEUED, State.CANCELED}),
    State.UPLOADING: frozenset(
        {State.UPLOADING, State.DOWNLOADED, State.DONE, State.FAILED, State.NEEDS_ATTENTION, State.CANCELED}
    ),
    State.DONE: frozenset({State.DOWNLOADED, State.QUEUED}),
    State.FAILED: frozenset(
        {State.DOWNLOADING, State.UPLOADING, State.QUEUED, State.DOWNLOADED, State.DONE, State.CANCELED}
    ),
    State.NEEDS_ATTENTION: frozenset({State.QUEUED, State.DOWNLOADED, State.DONE, State.CANCELED}),
    State.SKIPPED: frozenset({State.QUEUED, State.DONE}),
    State.CANCELED: frozenset({State.QUEUED, State.DOWNLOADED, State.DONE}),
    State.IGNORED: frozenset({State.QUEUED, State.DONE}),
}
WORKING = frozenset({State.DOWNLOADING, State.UPLOADING})
PENDING = frozenset({State.QUEUED, State.DOWNLOADING, State.DOWNLOADED, State.UPLOADING, State.FAILED})
FINAL = frozenset({State.DONE, State.NEEDS_ATTENTION, State.SKIPPED, State.CANCELED, State.IGNORED})
AT_REST = frozenset({State.DONE, State.SKIPPED, State.CANCELED})  # nobody will work on its file, nor decide about it


class Step(models.TextChoices):
    """The two steps of a VOD's life that take time and can fail."""

    DOWNLOAD = "download", _("download")
    UPLOAD = "upload", _("upload")


RETENTION = "retention"  # the step of an attempt that deletes the file


class Redo(models.TextChoices):
    """What a person asked to be done again although it was done."""

    NOTHING = "", _("nothing")
    VERIFY = "verify", _("verify the file")
    UPLOAD = "upload", _("upload again, unless the video is still there")


class Vod(models.Model):
    """One VOD: what Twitch says of it, where it stands, what we have of it."""

    twitch_id = models.CharField(max_length=20, unique=True)
    stream_id = models.CharField(max_length=20, blank=True, default="", db_index=True)
    type = models.CharField(max_length=10, default="archive")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="vods")
    title = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField(help_text=_("When the broadcast started, by Twitch's clock."))
    duration = models.FloatField(default=0.0, help_text=_("Seconds."))
    category = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=20, blank=True, default="")
    thumbnail_url = models.URLField(max_length=500, blank=True, default="")
    muted_segments = models.JSONField(default=list, blank=True)
    live = models.BooleanField(default=False, help_text=_("The broadcast still runs."))
    backlog = models.BooleanField(
        default=False, help_text=_("Was there before its channel was added, or was found days after its start.")
    )

    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    step = models.CharField(
        max_length=10,
        choices=Step.choices,
        default=Step.DOWNLOAD,
        help_text=_("What a failed VOD is tried again with."),
    )
    redo = models.CharField(max_length=10, choices=Redo.choices, blank=True, default=Redo.NOTHING)
    priority = models.IntegerField(default=0)
    skip_upload = models.BooleanField(default=False)
    accept_gap = models.BooleanField(default=False, help_text=_("Finish it although segments are missing at Twitch."))
    attempts = models.PositiveIntegerField(default=0, help_text=_("Charged tries of the current step."))
    not_before = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    error_kind = models.CharField(max_length=20, blank=True, default="")
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    lease_generation = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    keep_partial = models.BooleanField(default=False, help_text=_("When canceled, keep what was downloaded so far."))

    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(null=True, blank=True)
    reserved_bytes = models.BigIntegerField(default=0, help_text=_("Space that its running download may use."))
    file_path = models.CharField(max_length=500, blank=True, default="", help_text=_("Below MEDIA_DIR."))
    file_host = models.CharField(max_length=200, blank=True, default="")
    file_size = models.BigIntegerField(null=True, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True, default="")
    file_quality = models.CharField(
        max_length=50, blank=True, default="", help_text=_("The rendition that was taken, by its name at Twitch.")
    )
    file_deleted_at = models.DateTimeField(null=True, blank=True, help_text=_("When retention deleted its file."))
    file_deleted_by = models.CharField(max_length=200, blank=True, default="", help_text=_("The rule, in words."))
    file_to_remove = models.CharField(
        max_length=500,
        blank=True,
        default="",
        help_text=_("Out of use, and not unlinked yet. Below MEDIA_DIR."),
    )
    file_missing_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when the file is missed where it should be.")
    )
    gaps = models.JSONField(default=list, blank=True, help_text=_("Accepted gaps: start and duration in seconds."))
    muted = models.JSONField(default=list, blank=True, help_text=_("Without sound: start and duration in seconds."))
    working_seconds = models.FloatField(default=0.0, help_text=_("Time at work on it so far, download and upload."))

    youtube_id = models.CharField(max_length=20, blank=True, default="")
    upload_session = models.TextField(blank=True, default="", help_text=_("Encrypted."))

    correlation_id = models.CharField(max_length=128, blank=True, default="")
    traceparent = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    state_changed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = "VOD"
        indexes = [
            models.Index(fields=["state", "-priority", "started_at"], name="vod_queue"),
            models.Index(
                fields=["state", "channel", "-priority", "started_at", "not_before", "step", "live"],
                name="vod_queue_of_channel",
            ),
            models.Index(fields=["-started_at"], name="vod_newest"),
            models.Index(fields=["channel", "-started_at"], name="vod_of_channel"),
            models.Index(fields=["state", "-started_at", "-id"], name="vod_state_newest"),
            models.Index(fields=["state", "-done_at", "-id"], name="vod_state_done"),
            models.Index(fields=["state", "youtube_id"], name="vod_unpublished"),
            models.Index(fields=["state", "live", "channel"], name="vod_pending"),
            models.Index(fields=["state", "live", "state_changed_at", "created_at"], name="vod_queued_since"),
        ]

    def __str__(self) -> str:
        return f"{self.twitch_id} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return reverse("vod", args=[self.twitch_id])

    @property
    def youtube_url(self) -> str:
        return youtube_url(self.youtube_id) if self.youtube_id else ""

    @property
    def twitch_url(self) -> str:
        return f"https://www.twitch.tv/videos/{self.twitch_id}"

    @property
    def percent(self) -> int | None:
        """How far the step at work is, 0 to 100; None while the size is not known."""
        if not self.bytes_total:
            return None
        return max(0, min(100, int(100 * self.bytes_done / self.bytes_total)))

    def waits(self, now: datetime) -> bool:
        """True while a retry is planned for later than `now`."""
        return self.state == State.FAILED and self.not_before is not None and self.not_before > now


def youtube_url(youtube_id: str) -> str:
    return f"https://www.youtube.com/watch?v={youtube_id}"


class Chapter(models.Model):
    """A stretch of a VOD with a title of its own (a game or category)."""

    vod = models.ForeignKey(Vod, on_delete=models.CASCADE, related_name="chapters")
    title = models.CharField(max_length=300)
    start = models.FloatField(help_text=_("Seconds from the VOD's start."))
    end = models.FloatField(null=True, blank=True, help_text=_("Seconds from the VOD's start."))

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["vod", "start"], name="chapter_start")]

    def __str__(self) -> str:
        return self.title


class Attempt(models.Model):
    """One try of one step: what the pages show as a VOD's history."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("canceled")
        DRAINED = "drained", _("given back at a stop")
        LOST = "lost", _("its worker died")

    vod = models.ForeignKey(Vod, on_delete=models.CASCADE, related_name="tries")
    step = models.CharField(
        max_length=10,
        choices=[*Step.choices, ("verify", _("verification")), (RETENTION, _("deletion of the file"))],
    )
    generation = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    error_kind = models.CharField(max_length=20, blank=True, default="")
    host = models.CharField(max_length=200, blank=True, default="")
    correlation_id = models.CharField(max_length=128, blank=True, default="", db_index=True)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    log = models.TextField(blank=True, default="", help_text=_("Its own log lines, bounded."))

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["vod", "-started_at"], name="attempt_of_vod"),
            models.Index(fields=["step", "outcome", "-ended_at"], name="attempt_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.vod_id}: {self.outcome}"
