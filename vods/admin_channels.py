"""The admin of channels and of the switchboard: pauses and circuit breakers are changed by the queue alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from vods import queue
from vods.channels import NotALogin, parse_login
from vods.models import Channel, Circuit, Switchboard
from vods.templatetags.humane import when
from vodtender.admin_parts import bulk_action, column

CIRCUIT_COLOURS: dict[str, str] = {Circuit.CLOSED: "success", Circuit.HALF_OPEN: "warning", Circuit.OPEN: "danger"}
CIRCUIT_FIELDS = ("circuit_state", "circuit_failures", "circuit_open_until")
RETENTION_FIELDS = (
    "retention_keep_days", "retention_keep_count", "retention_keep_newer_days", "retention_max_gb",
    "retention_delete_unpublished",
)  # fmt: skip
QUALITIES = {
    "": "As DOWNLOAD_QUALITY says",
    "best": "Best, as it was streamed",
    **{f"{height}p": f"{height}p" for height in (1080, 720, 480, 360, 160)},
    "audio_only": "Sound only",
}


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a channel's name or its address on twitch.tv, and a quality by its name."""

    login = forms.CharField(
        max_length=200, widget=UnfoldAdminTextInputWidget, help_text="Its name, or its address on twitch.tv."
    )
    quality = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget, help_text="What is not there becomes the next lower."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "quality" in self.fields:
            # What a command or an older version wrote stays a choice: saving the page must not change it.
            known = self.instance.quality
            choices = QUALITIES if known in QUALITIES else {**QUALITIES, known: known}
            self.fields["quality"].choices = list(choices.items())  # type: ignore[attr-defined]

    def clean_login(self) -> str:
        try:
            return parse_login(self.cleaned_data["login"])
        except NotALogin as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Channel)
class ChannelAdmin(ModelAdmin):  # type: ignore[misc]
    form = ChannelForm
    list_display = (
        "__str__", "login", "archive", "record_chat", "upload", "priority", "work", "on_air", "trouble",
        "looked_at",
    )  # fmt: skip
    list_editable = ("archive", "record_chat", "upload", "priority")
    list_filter = ("archive", "record_chat", "upload", "paused", "circuit_state")
    search_fields = ("login", "display_name")
    actions = ("pause", "resume", "reset_circuit")
    fieldsets = (
        (None, {"fields": ("login", "archive", "record_chat", "upload", "priority", "quality", "paused")}),
        ("Deletion of old files", {"classes": ("collapse",), "fields": RETENTION_FIELDS}),
        (
            "What Twitch says",
            {"fields": ("display_name", "twitch_user_id", "live_stream_id", "live_since", "discovered_at", "problem")},
        ),
        ("Circuit breaker", {"fields": CIRCUIT_FIELDS}),
    )
    readonly_fields = (
        "display_name", "twitch_user_id", "live_stream_id", "live_since", "discovered_at", "problem", "paused",
        *CIRCUIT_FIELDS,
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "login") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """Writes what was changed and nothing else: discovery and the circuit breaker write the same row."""
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            super().save_model(request, obj, form, change)

    @column("Work", label={"paused": "warning", **CIRCUIT_COLOURS})
    def work(self, channel: Channel) -> tuple[str, str]:
        """Whether its VODs are taken up: the pause before the circuit breaker."""
        if channel.paused:
            return "paused", "paused"
        trouble = channel.circuit_state != Circuit.CLOSED
        return channel.circuit_state, f"circuit {Circuit(channel.circuit_state).label}" if trouble else "goes on"

    @column("Live", label={"live": "danger"})
    def on_air(self, channel: Channel) -> str:
        return "live" if channel.live_stream_id else "–"

    @column("Problem")
    def trouble(self, channel: Channel) -> str:
        return channel.problem[:120]

    @column("Looked at", ordering="discovered_at")
    def looked_at(self, channel: Channel) -> SafeString | str:
        return when(channel.discovered_at)

    @bulk_action("Pause")
    def pause(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        self._pause(request, chosen, paused=True)

    @bulk_action("Resume")
    def resume(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        self._pause(request, chosen, paused=False)

    @bulk_action("Reset the circuit breaker")
    def reset_circuit(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        troubled = [
            channel for channel in chosen if channel.circuit_failures or channel.circuit_state != Circuit.CLOSED
        ]
        queue.reset_circuits(_these(troubled), by=request.user.get_username())
        self._tell(request, troubled, "reset", "All of them were closed.")

    def _pause(self, request: HttpRequest, chosen: QuerySet[Channel], *, paused: bool) -> None:
        others = [channel for channel in chosen if channel.paused != paused]
        queue.pause(paused=paused, channels=_these(others), by=request.user.get_username())
        done = "paused" if paused else "resumed"
        self._tell(request, others, done, f"All of them were {done} already.")

    def _tell(self, request: HttpRequest, changed: list[Channel], done: str, otherwise: str) -> None:
        """Writes the admin's log, and says how many were changed."""
        for channel in changed:
            self.log_change(request, channel, f"Asked for: {done}.")
        if changed:
            text = f"{len(changed)} channel{'' if len(changed) == 1 else 's'} {done}."
            self.message_user(request, text, messages.SUCCESS)
        else:
            self.message_user(request, otherwise, messages.WARNING)


@admin.register(Switchboard)
class SwitchboardAdmin(ModelAdmin):  # type: ignore[misc]
    """The one row. Its two switches go through the queue, which logs them and takes up work again."""

    fieldsets = (
        (None, {"fields": ("paused", "uploads_paused")}),
        ("Circuit breaker of the uploads", {"fields": CIRCUIT_FIELDS}),
    )
    readonly_fields = CIRCUIT_FIELDS
    actions_submit_line = ("reset_circuit",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Switchboard | None:
        """The row, also when nothing was ever switched."""
        return Switchboard.read() if object_id == "1" else None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:vods_switchboard_change", args=[1]))

    def save_model(self, request: HttpRequest, obj: Switchboard, form: Any, change: bool) -> None:
        by = request.user.get_username()
        for name in {"paused", "uploads_paused"}.intersection(form.changed_data):
            queue.pause(paused=form.cleaned_data[name], uploads=name == "uploads_paused", by=by)
        for asked in self.get_actions_submit_line(request, obj.pk):
            if asked.action_name in request.POST:
                asked.method(request, obj)

    @bulk_action("Reset the circuit breaker")
    def reset_circuit(self, request: HttpRequest, board: Switchboard) -> None:
        if queue.reset_circuits(Channel.objects.none(), uploads=True, by=request.user.get_username()):
            self.log_change(request, board, "The circuit breaker of the uploads is reset.")
            self.message_user(request, "The circuit breaker of the uploads is closed.", messages.SUCCESS)
        else:
            self.message_user(request, "The circuit breaker of the uploads was closed.", messages.WARNING)


def _these(channels: list[Channel]) -> QuerySet[Channel]:
    return Channel.objects.filter(pk__in=[channel.pk for channel in channels])
