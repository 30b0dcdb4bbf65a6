from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from simulator_clients import add_vod, packets, playlist, segment_urls

from simulator.mpegts import PACKET
from simulator.running import ControlError, Handle

TWO_DAYS = 48 * 3600


@pytest.fixture(scope="module")
def marathon(simulator: Handle) -> str:
    """48 hours made of 24 seconds."""
    return add_vod(simulator, seconds=TWO_DAYS)


def counter_jumps(content: bytes) -> int:
    """How often a continuity counter does not follow its predecessor."""
    last: dict[int, int] = {}
    jumps = 0
    for at in range(0, len(content), PACKET):
        pid, flags = (content[at + 1] & 31) << 8 | content[at + 2], content[at + 3]
        if flags & 16:
            jumps += pid in last and (last[pid] + 1) % 16 != flags % 16
            last[pid] = flags % 16
    return jumps


def times(content: bytes, kind: str) -> list[int]:
    """PTS of every packet as they stand in the file, in ticks of 1/90000 s."""
    return [int(pts) for _, pts, *_ in packets(content, kind)]


def test_it_has_86400_entries_and_helix_says_48_hours(
    simulator: Handle, http: httpx.Client, helix: httpx.Client, marathon: str
) -> None:
    assert helix.get("videos", params={"id": marathon}).json()["data"][0]["duration"] == "48h0m0s"
    lines = playlist(http, marathon)
    assert sum(line.startswith("#EXTINF:2.000") for line in lines) == 86_400
    assert lines[-2:] == ["86399.ts", "#EXT-X-ENDLIST"]


def test_times_and_counters_go_on_where_the_media_begin_anew(http: httpx.Client, marathon: str) -> None:
    urls = segment_urls(http, marathon)
    joined = b"".join(http.get(url).raise_for_status().content for url in urls[10:26])
    assert counter_jumps(joined) == 0
    assert {later - earlier for earlier, later in pairwise(times(joined, "v"))} == {3000}
    assert max(later - earlier for earlier, later in pairwise(times(joined, "a"))) < 0.06 * 90_000


def test_a_late_segment_has_its_late_time(http: httpx.Client, marathon: str) -> None:
    urls = segment_urls(http, marathon)
    first, late = (times(http.get(urls[n]).content, "v")[0] for n in (0, 40_000))
    assert late - first == 80_000 * 90_000
    beyond = times(http.get(urls[60_000]).content, "v")[0]
    assert (beyond - first) % 2**33 == 120_000 * 90_000 % 2**33


def test_no_such_media_are_made(simulator: Handle) -> None:
    with pytest.raises(ControlError, match="say media_seconds"):
        add_vod(simulator, media="days", seconds=TWO_DAYS)
    vod = add_vod(simulator, media="few", media_seconds=4, seconds=TWO_DAYS)
    assert len(list(Path(simulator.state_dir / "media" / "few" / "chunked").glob("*.ts"))) == 2
    assert simulator.control.vods("quiet_quinn")[-1]["id"] == vod
