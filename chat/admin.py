"""Recordings and messages to read in the admin. Lists stay quick at 10 million messages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from chat.models import Gap, Message, Recording
from vods.templatetags.humane import when
from vodtender.admin_parts import BoundedPaginator, ReadOnly, column


class GapInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Gap
    extra = 0


@admin.register(Recording)
class RecordingAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("__str__", "channel", "source", "stream_id", "started", "running", "messages_link")
    list_filter = ("channel", "source")
    search_fields = ("=stream_id", "=vods__twitch_id")
    search_help_text = "A stream's or a VOD's id."
    list_select_related = ("channel",)
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    inlines = (GapInline,)

    @column("Started", ordering="started_at")
    def started(self, recording: Recording) -> SafeString | str:
        return when(recording.started_at)

    @column("Running", boolean=True)
    def running(self, recording: Recording) -> bool:
        return recording.ended_at is None

    @column("Messages")
    def messages_link(self, recording: Recording) -> SafeString:
        address = reverse("admin:chat_message_changelist")
        return format_html('<a href="{}?recording__id__exact={}">show</a>', address, recording.pk)


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Newest ingested first: the only order over all messages that an index serves."""

    list_display = ("id", "recording_id", "kind", "login", "text", "deleted")
    search_fields = ("=message_id",)
    search_help_text = "Twitch's id of a message. Open the messages of one recording from its row."
    ordering = ("-id",)
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False

    @column("Deleted", boolean=True)
    def deleted(self, message: Message) -> bool:
        return message.deleted_at is not None
