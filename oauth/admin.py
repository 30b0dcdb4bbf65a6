"""Connected accounts in the admin: their state, never their tokens."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from oauth.models import Token
from vodtender.admin_parts import column


@admin.register(Token)
class TokenAdmin(ModelAdmin):  # type: ignore[misc]
    """Read-only, except that a connection can be deleted: the product then forgets the account."""

    list_display = ("provider", "account_name", "coloured_state", "expires_at", "refreshed_at", "trouble")
    fields = (
        "provider", "account_name", "account_id", "scopes", "state", "error",
        "expires_at", "refreshed_at", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        rows: QuerySet[Token] = super().get_queryset(request).defer("access_token", "refresh_token")
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False

    @column("State", label={"ok": "success", "reconnect": "danger"})
    def coloured_state(self, token: Token) -> tuple[str, str]:
        return token.state, str(Token.State(token.state).label)

    @column("Problem")
    def trouble(self, token: Token) -> str:
        return token.error[:120]
