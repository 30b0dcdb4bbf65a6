"""What a line of chat is."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    MESSAGE = "message"
    ACTION = "action"
    SUB = "sub"
    GIFT = "gift"
    RAID = "raid"
    ANNOUNCEMENT = "announcement"
    NOTICE = "notice"
