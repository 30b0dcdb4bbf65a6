"""Parts that every admin page uses: lists that stay quick at any size, rows to read only, typed decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.decorators import action, display

COUNT_MOST = 5000
F = TypeVar("F", bound=Callable[..., Any])


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNT_MOST rows and ends there; filters and search find what lies beyond."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:COUNT_MOST].count()
        return len(rows)


class ReadOnly:
    """For rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def column(
    title: str, *, ordering: str = "", label: dict[str, str] | None = None, boolean: bool = False
) -> Callable[[F], F]:
    """A column of an admin list; `label` maps values to unfold's colours (info, success, warning, danger, primary)."""
    options: dict[str, Any] = {"description": title, "ordering": ordering or None}
    if boolean:
        options["boolean"] = True
    elif label:
        options["label"] = label
    return cast("Callable[[F], F]", display(**options))


def bulk_action(title: str) -> Callable[[F], F]:
    """An action on chosen rows, for those who may change them."""
    return cast("Callable[[F], F]", action(description=title, permissions=["change"]))
