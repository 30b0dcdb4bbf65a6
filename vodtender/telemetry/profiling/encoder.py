"""Writes pprof's format: gzipped profile.proto (github.com/google/pprof/blob/main/proto/profile.proto).

system_name stays unset: with it, pprof would read a Python name as one of C++ and shorten it.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable

from vodtender.telemetry.profiling.profile import Frame, Profile, ValueType, name_of

_VARINT, _BYTES = 0, 2  # wire types


def encode(profile: Profile) -> bytes:
    return gzip.compress(_Message(profile).written(), compresslevel=6)


class _Message:
    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._strings: dict[str, int] = {"": 0}
        self._locations: dict[Frame, int] = {}
        self._functions: dict[tuple[str, str, int], int] = {}
        self._tables: list[bytes] = []

    def written(self) -> bytes:
        profile = self._profile
        parts = [_field(1, self._value_type(kind)) for kind in profile.types]
        for (stack, labels), values in profile.samples.items():
            sample = _field(1, _packed(self._location(frame) for frame in stack)) + _field(2, _packed(values))
            for key, value in labels:
                sample += _field(3, _number(1, self._string(key)) + _number(2, self._string(value)))
            parts.append(_field(2, sample))
        # One mapping that says that functions, files and lines are known: pprof need not look for symbols.
        known = b"".join(_number(number, 1) for number in (7, 8, 9))
        parts.append(_field(3, _number(1, 1) + _number(5, self._string(sys.argv[0] or "python")) + known))
        tail = _number(9, profile.started_ns) + _number(10, profile.duration_ns)
        tail += _field(11, self._value_type(profile.period_type)) + _number(12, profile.period)
        tail += _number(14, self._string(profile.default)) if profile.default else b""
        strings = [_field(6, text.encode(errors="replace")) for text in self._strings]
        return b"".join([*parts, *self._tables, *strings, tail])

    def _value_type(self, kind: ValueType) -> bytes:
        return _number(1, self._string(kind[0])) + _number(2, self._string(kind[1]))

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _location(self, frame: Frame) -> int:
        if frame not in self._locations:
            number = self._locations[frame] = len(self._locations) + 1
            line = _number(1, self._function(frame)) + _number(2, frame[4])
            self._tables.append(_field(4, _number(1, number) + _number(2, 1) + _field(4, line)))
        return self._locations[frame]

    def _function(self, frame: Frame) -> int:
        key = (name_of(frame), frame[2], frame[3])
        if key not in self._functions:
            number = self._functions[key] = len(self._functions) + 1
            text = _number(2, self._string(key[0])) + _number(4, self._string(key[1]))
            self._tables.append(_field(5, _number(1, number) + text + _number(5, key[2])))
        return self._functions[key]


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers are written in two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _packed(numbers: Iterable[int]) -> bytes:
    return b"".join(_varint(number) for number in numbers)
