"""The admin for operators: channels with their switches, VODs with the actions of the queue, attempts to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from vods import queue
from vods.channels import NotALogin, parse_login
from vods.models import WORKING, Attempt, Channel, Chapter, State, Vod
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


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a channel's name or its address on twitch.tv."""

    login = forms.CharField(
        max_length=200, widget=UnfoldAdminTextInputWidget, help_text="Its name, or its address on twitch.tv."
    )

    def clean_login(self) -> str:
        try:
            return parse_login(self.cleaned_data["login"])
        except NotALogin as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Channel)
class ChannelAdmin(ModelAdmin):  # type: ignore[misc]
    form = ChannelForm
    list_display = (
        "__str__", "login", "archive", "record_chat", "upload", "priority", "on_air", "trouble", "looked_at",
    )  # fmt: skip
    list_editable = ("archive", "record_chat", "upload", "priority")
    list_filter = ("archive", "record_chat", "upload")
    search_fields = ("login", "display_name")
    fieldsets = (
        (None, {"fields": ("login", "archive", "record_chat", "upload", "priority")}),
        (
            "What Twitch says",
            {"fields": ("display_name", "twitch_user_id", "live_stream_id", "live_since", "discovered_at", "problem")},
        ),
        ("Circuit breaker", {"fields": ("circuit_state", "circuit_failures", "circuit_open_until")}),
    )
    readonly_fields = (
        "display_name", "twitch_user_id", "live_stream_id", "live_since", "discovered_at", "problem",
        "circuit_state", "circuit_failures", "circuit_open_until",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "login") if obj else self.readonly_fields

    @column("Live", label={"live": "danger"})
    def on_air(self, channel: Channel) -> str:
        return "live" if channel.live_stream_id else "–"

    @column("Problem")
    def trouble(self, channel: Channel) -> str:
        return channel.problem[:120]

    @column("Looked at", ordering="discovered_at")
    def looked_at(self, channel: Channel) -> SafeString | str:
        return when(channel.discovered_at)


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
    list_display = ("name", "channel", "coloured_state", "progress", "attempts", "volume", "length", "broadcast")
    list_filter = ("state", "channel", ErrorKindFilter, "skip_upload", "live")
    search_fields = ("=twitch_id", "title")
    search_help_text = "A VOD's id, or a part of its title."
    list_select_related = ("channel",)
    ordering = ("-started_at",)
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    actions = ("requeue", "cancel", "accept_the_gap", "skip_upload_on", "skip_upload_off")
    inlines = (AttemptInline, ChapterInline)
    fieldsets = (
        (None, {"fields": ("title", "twitch_id", "channel", "broadcast", "length", "type", "category", "language")}),
        ("Where it stands", {"fields": ("state", "error", "error_kind", "attempts", "not_before", "progress", "live")}),
        ("What you decide", {"fields": ("priority", "skip_upload")}),
        ("File and YouTube", {"fields": ("file_path", "file_host", "volume", "file_sha256", "gaps", "youtube_id")}),
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

    @bulk_action("Requeue")
    def requeue(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.requeue, "requeued", by=request.user.get_username())

    @bulk_action("Cancel")
    def cancel(self, request: HttpRequest, chosen: QuerySet[Vod]) -> None:
        self._act(request, chosen, queue.cancel, "canceled", by=request.user.get_username())

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
