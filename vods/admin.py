"""The admin for operators: VODs with the actions of the queue, attempts to read; channels in admin_channels.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from vods import (
    admin_channels,  # noqa: F401 - registers channels and the switchboard
    queue,
)
from vods.actions import PRIORITY_MOST
from vods.models import WORKING, Attempt, Chapter, State, Vod
from vods.templatetags.drawings import state_word
from vods.templatetags.humane import clock, size, span, took, when
from vodtender.admin_parts import BoundedPaginator, ReadOnly, bulk_action, column
from vodtender.http import ErrorKind

STATE_COLOURS: dict[str, str] = {
    State.QUEUED: "info",
    State.DOWNLOADING: "primary",
    State.DOWNLOADED: "info",
    State.UPLOADING: "primary",
    State.DONE: "success",
    State.FAILED: "warning",
    State.NEEDS_ATTENTION: "danger",
}
OUTCOME_COLOURS = {"running": "primary", "succeeded": "success", "failed": "warning", "lost": "danger"}


class ErrorKindFilter(admin.SimpleListFilter):
    """The kinds that there can be, without asking all rows for theirs."""

    title = "kind of error"
    parameter_name = "error_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, kind.value.replace("_", " ")) for kind in ErrorKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_kind=self.value()) if self.value() else queryset


class AttemptInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Attempt
    fields = ("step", "started_at", "duration", "outcome", "amount", "error", "host", "correlation_id")
    readonly_fields = fields
    extra = 0
    ordering = ("-started_at",)
    verbose_name_plural = "attempts"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        rows: QuerySet[Attempt] = super().get_queryset(request).defer("log")
        return rows

    @column("Took")
    def duration(self, attempt: Attempt) -> str:
        return span(took(attempt))

    @column("Bytes")
    def amount(self, attempt: Attempt) -> str:
        return size(attempt.bytes)


class ChapterInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Chapter
    fields = ("at", "title")
    readonly_fields = fields
    extra = 0

    @column("At")
    def at(self, chapter: Chapter) -> str:
        return clock(chapter.start)


@admin.register(Vod)
class VodAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = (
        "name",
        "channel",
        "coloured_state",
        "progress",
        "priority",
        "attempts",
        "volume",
        "length",
        "broadcast",
    )
    list_filter = ("state", "channel", ErrorKindFilter, "skip_upload", "live")
    search_fields = ("=twitch_id", "title")
    search_help_text = "A VOD's id, or a part of its title."
    list_select_related = ("channel",)
    ordering = ("-started_at",)
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    actions = (
        "requeue", "download_again", "verify_file", "upload_again", "cancel", "cancel_and_keep", "accept_the_gap",
        "priority_up", "priority_down", "priority_usual", "skip_upload_on", "skip_upload_off",
    )  # fmt: skip
    inlines = (AttemptInline, ChapterInline)
    fieldsets = (
        (None, {"fields": ("title", "twitch_id", "channel", "broadcast", "length", "type", "category", "language")}),
        (
            "Where it stands",
            {"fields": ("state", "redo", "error", "error_kind", "attempts", "not_before", "progress", "live")},
        ),
        ("What you decide", {"fields": ("priority", "skip_upload")}),
        (
            "File and YouTube",
            {
                "fields": (
                    "file_path", "file_host", "volume", "file_sha256", "file_deleted_at", "file_deleted_by", "gaps",
                    "muted", "youtube_id",
                )
            },
        ),
        (
            "Behind the scenes",
            {
                "classes": ("collapse",),
                "fields": (
                    "stream_id", "lease_owner", "lease_generation", "lease_until", "cancel_requested_at",
                    "working_seconds", "correlation_id", "created_at", "updated_at", "state_changed_at", "done_at",
                ),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vod]:
        rows: QuerySet[Vod] = super().get_queryset(request).defer("upload_session", "muted_segments")
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Vod | None = None) -> tuple[str, ...]:
        shown = [name for _, options in self.fieldsets for name in options["fields"]]
        return tuple(name for name in shown if name not in {"priority", "skip_upload"})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Vod | None = None) -> bool:
        return False

    @column("VOD", ordering="title")
    def name(self, vod: Vod) -> SafeString:
        return format_html(
            '<div style="min-width: 15rem">{}<br><small>{}</small></div>', vod.title[:90] or "(no title)", vod.twitch_id
        )

    @column("State", ordering="state", label=STATE_COLOURS)
    def coloured_state(self, vod: Vod) -> tuple[str, str]:
        return vod.state, state_word(vod.state)

    @column("Progress")
    def progress(self, vod: Vod) -> SafeString | str:
        if vod.state not in WORKING:
            return "–"
        if vod.percent is None:
            return size(vod.bytes_done)
        return format_html(
            '<span style="white-space: nowrap"><progress style="accent-color: #0a6b68; width: 4rem" '
            'value="{}" max="100"></progress> {} %</span>',
            vod.percent,
            vod.percent,
        )

    @column("Size", ordering="file_size")
    def volume(self, vod: Vod) -> str:
        return size(vod.file_size)

    @column("Length", ordering="duration")
    def length(self, vod: Vod) -> str:
        return clock(vod.duration)

    @column("Broadcast", ordering="started_at")
    def broadcast(self, vod: Vod) -> SafeString | str:
        return when(vod.started_at)

    def save_model(self, request: HttpRequest, obj: Vod, form: Any, change: bool) -> None:
        """Writes what was decided and nothing else: a worker may have changed the row since it was read."""
        if "priority" in form.changed_data:
            queue.set_priority([obj.pk], obj.priority)
        if "skip_upload" in form.changed_data:
            queue.set_skip_upload([obj.pk], obj.skip_upload)

    @bulk_action("Requeue")
    def requeue(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.requeue, "requeued", by=request.user.get_username())

    @bulk_action("Download again")
    def download_again(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        by = request.user.get_username()
        self._act(request, chosen, queue.requeue, "queued to be downloaded again", stage="download", by=by)

    @bulk_action("Verify the file")
    def verify_file(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        by = request.user.get_username()
        self._act(request, chosen, queue.requeue, "queued to be verified", stage="verify", by=by)

    @bulk_action("Upload again, if YouTube has it no more")
    def upload_again(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        by = request.user.get_username()
        self._act(request, chosen, queue.requeue, "queued for the upload", stage="upload", by=by)

    @bulk_action("Cancel")
    def cancel(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.cancel, "canceled", by=request.user.get_username())

    @bulk_action("Cancel, keep what is downloaded")
    def cancel_and_keep(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        by = request.user.get_username()
        self._act(request, chosen, queue.cancel, "canceled, what was downloaded is kept", keep_partial=True, by=by)

    @bulk_action("Priority +1")
    def priority_up(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, _move_priority, "moved up by 1", by=1)

    @bulk_action("Priority −1")
    def priority_down(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, _move_priority, "moved down by 1", by=-1)

    @bulk_action("Priority 0")
    def priority_usual(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.set_priority, "set to priority 0", priority=0)

    @bulk_action("Accept the gap")
    def accept_the_gap(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.accept_gap, "requeued with the gap accepted", by=request.user.get_username())

    @bulk_action("Do not upload to YouTube")
    def skip_upload_on(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.set_skip_upload, "set not to be uploaded", skip=True)

    @bulk_action("Upload to YouTube again")
    def skip_upload_off(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.set_skip_upload, "set to be uploaded", skip=False)

    def _act(
        self, request: HttpRequest, chosen: QuerySet[Vod], act: Callable[..., int], done: str, **options: Any
    ) -> None:
        """Calls the queue with the chosen ids, writes the admin's log, and says how many were changed."""
        vods = list(chosen.order_by().select_related(None).only("pk", "twitch_id", "title")[:10_000])
        count = act([vod.pk for vod in vods], **options)
        for vod in vods if count else []:
            self.log_change(request, vod, f"Asked for: {done}.")
        left = len(vods) - count
        text = f"{count} VOD{'' if count == 1 else 's'} {done}."
        if left > 0:
            text += f" {left} left as {'it was' if left == 1 else 'they were'}: that does not apply to their state."
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)


def _move_priority(ids: list[int], *, by: int) -> int:
    """Each VOD's own priority, one number up or down."""
    groups: dict[int, list[int]] = {}
    for pk, priority in Vod.objects.filter(pk__in=ids).order_by().values_list("pk", "priority"):
        groups.setdefault(max(-PRIORITY_MOST, min(PRIORITY_MOST, priority + by)), []).append(pk)
    return sum(queue.set_priority(pks, priority) for priority, pks in groups.items())


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("vod", "step", "coloured_outcome", "started", "duration", "amount", "error_kind", "host")
    list_filter = ("step", "outcome", ErrorKindFilter)
    search_fields = ("=vod__twitch_id", "=correlation_id")
    search_help_text = "A VOD's id or a correlation id."
    list_select_related = ("vod",)
    ordering = ("-id",)
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False

    @column("Outcome", label=OUTCOME_COLOURS)
    def coloured_outcome(self, attempt: Attempt) -> tuple[str, str]:
        return attempt.outcome, str(Attempt.Outcome(attempt.outcome).label)

    @column("Started", ordering="started_at")
    def started(self, attempt: Attempt) -> SafeString | str:
        return when(attempt.started_at)

    @column("Took")
    def duration(self, attempt: Attempt) -> str:
        return span(took(attempt))

    @column("Bytes")
    def amount(self, attempt: Attempt) -> str:
        return size(attempt.bytes)
