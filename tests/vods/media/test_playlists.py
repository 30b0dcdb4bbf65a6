"""Playlists are parsed exactly, and what cannot be taken is refused."""

from __future__ import annotations

import pytest

from vods.playlist import parse
from vodtender.http import ErrorKind, ServiceError

URL = "https://cdn.example/abc_chan_1_2/chunked/index-dvr.m3u8?token=t"
HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n"
TWO = "#EXTINF:10.000,\n0.ts\n#EXTINF:4.5,title, with comma\n1-muted.ts?x=1\n"
END = "#EXT-X-ENDLIST\n"


def test_segments_have_names_places_and_absolute_addresses() -> None:
    playlist = parse(HEAD + "#EXT-X-MEDIA-SEQUENCE:7\n" + TWO + END, URL)
    assert [(s.index, s.sequence, s.name, s.start, s.duration) for s in playlist.segments] == [
        (0, 7, "0.ts", 0.0, 10.0),
        (1, 8, "1.ts", 10.0, 4.5),
    ]
    assert playlist.segments[1].url == "https://cdn.example/abc_chan_1_2/chunked/1-muted.ts?x=1"
    assert (playlist.duration, playlist.folder, playlist.fragmented) == (14.5, "chunked", False)


def test_an_init_section_comes_first() -> None:
    playlist = parse(HEAD + '#EXT-X-MAP:URI="init-0.mp4"\n' + TWO + END, URL)
    assert [piece.name for piece in playlist.pieces] == ["init-0.mp4", "0.ts", "1.ts"]


def test_windows_line_ends_and_a_byte_order_mark_are_read() -> None:
    assert len(parse("\ufeff" + (HEAD + TWO + END).replace("\n", "\r\n"), URL).segments) == 2


def test_discontinuities_are_counted() -> None:
    assert parse(HEAD + TWO + "#EXT-X-DISCONTINUITY\n#EXTINF:1,\n2.ts\n" + END, URL).discontinuities == 1


@pytest.mark.parametrize(
    ("text", "why", "kind"),
    [
        ("<html>", "no playlist", ErrorKind.TRANSIENT),
        ("", "no playlist", ErrorKind.TRANSIENT),
        (HEAD + TWO, "still runs", ErrorKind.TRANSIENT),
        (HEAD + END, "no segments", ErrorKind.INVALID),
        (HEAD + "0.ts\n" + END, "no duration", ErrorKind.INVALID),
        (HEAD + "#EXTINF:abc,\n0.ts\n" + END, "EXTINF", ErrorKind.INVALID),
        (HEAD + "#EXTINF:-1,\n0.ts\n" + END, "EXTINF", ErrorKind.INVALID),
        (HEAD + "#EXTINF:nan,\n0.ts\n" + END, "EXTINF", ErrorKind.INVALID),
        (HEAD + "#EXTINF:1,\nfile:///etc/passwd\n" + END, "not http", ErrorKind.INVALID),
        (HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="k"\n' + TWO + END, "encrypted", ErrorKind.INVALID),
        (HEAD + "#EXTINF:1,\n#EXT-X-BYTERANGE:10@0\n0.ts\n" + END, "byte ranges", ErrorKind.INVALID),
        (HEAD + TWO + '#EXT-X-MAP:URI="b"\n' + END, "changes from MPEG-TS", ErrorKind.INVALID),
        (HEAD + "#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n", "list of qualities", ErrorKind.INVALID),
    ],
)
def test_what_cannot_be_taken_is_refused(text: str, why: str, kind: ErrorKind) -> None:
    with pytest.raises(ServiceError, match=why) as caught:
        parse(text, URL)
    assert caught.value.kind is kind
