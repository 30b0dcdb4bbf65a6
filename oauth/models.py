"""Accounts that are connected to Twitch and YouTube."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Provider(models.TextChoices):
    TWITCH = "twitch", "Twitch"
    YOUTUBE = "youtube", "YouTube"


class Token(models.Model):
    """The tokens of one connected account, encrypted (crypto.py). One account per provider for now.

    `state` reconnect: the provider refused the refresh token; it is not tried again until it is connected anew.
    """

    class State(models.TextChoices):
        OK = "ok", _("connected")
        RECONNECT = "reconnect", _("reconnect needed")

    provider = models.CharField(max_length=10, choices=Provider.choices, unique=True)
    account_id = models.CharField(max_length=100, blank=True, default="")
    account_name = models.CharField(max_length=200, blank=True, default="")
    scopes = models.TextField(blank=True, default="", help_text=_("Separated by spaces."))
    access_token = models.TextField(blank=True, default="", help_text=_("Encrypted."))
    refresh_token = models.TextField(blank=True, default="", help_text=_("Encrypted."))
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OK)
    error = models.TextField(blank=True, default="")
    refreshed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.account_name}".strip()
