"""MPEG-TS (ISO 13818-1) packets moved in time, so that the same few segments can be served as a long VOD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

PACKET = 188
TICKS = 90_000
"""Ticks of PTS, DTS and PCR base in a second. They have 33 bits, so they begin anew after 26.5 hours."""
_WRAP = 1 << 33
_PAYLOAD, _ADAPTATION = 0x10, 0x20


def counters(segments: Iterable[bytes]) -> dict[int, int]:
    """How many packets with a payload each PID has: by so much (modulo 16) its continuity counter rises."""
    count: Counter[int] = Counter()
    for content in segments:
        for at in range(0, len(content), PACKET):
            if content[at + 3] & _PAYLOAD:
                count[_pid(content, at)] += 1
    return dict(count)


def shifted(content: bytes, ticks: int, steps: Mapping[int, int]) -> bytes:
    """The segment `ticks` later, its continuity counters `steps` (by PID) further."""
    out = bytearray(content)
    for at in range(0, len(out), PACKET):
        flags, payload = out[at + 3], at + 4
        step = steps.get(_pid(out, at), 0)
        if step:
            out[at + 3] = flags & 0xF0 | (flags + step) & 0x0F
        if flags & _ADAPTATION:
            length = out[at + 4]
            payload += 1 + length
            if length and out[at + 5] & 0x10:
                _shift_clock_reference(out, at + 6, ticks)
        starts = out[at + 1] & 0x40 and flags & _PAYLOAD
        if starts and out[payload : payload + 3] == b"\0\0\1":
            which = out[payload + 7] >> 6
            if which & 2:
                _shift_stamp(out, payload + 9, ticks)
            if which == 3:
                _shift_stamp(out, payload + 14, ticks)
    return bytes(out)


def _pid(content: bytes | bytearray, at: int) -> int:
    return (content[at + 1] & 0x1F) << 8 | content[at + 2]


def _shift_clock_reference(out: bytearray, at: int, ticks: int) -> None:
    """33 bits of base, then 6 reserved and 9 of extension, which stay."""
    value = int.from_bytes(out[at : at + 6])
    base = ((value >> 15) + ticks) % _WRAP
    out[at : at + 6] = (base << 15 | value & 0x7FFF).to_bytes(6)


def _shift_stamp(out: bytearray, at: int, ticks: int) -> None:
    """A PTS or DTS: 3, 15 and 15 bits, each followed by a marker bit."""
    value = int.from_bytes(out[at : at + 5])
    stamp = (value >> 33 & 7) << 30 | (value >> 17 & 0x7FFF) << 15 | value >> 1 & 0x7FFF
    stamp = (stamp + ticks) % _WRAP
    parts = (stamp >> 30) << 33 | (stamp >> 15 & 0x7FFF) << 17 | (stamp & 0x7FFF) << 1
    out[at : at + 5] = (value & 0xF1_0001_0001 | parts).to_bytes(5)
