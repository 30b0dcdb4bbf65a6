"""`make bench-download`: our download against its peers, each to a finished MP4 whose packets are counted.

Everything runs on this machine, over a local server, in two conditions: each request answered after 40 ms, and that
with each connection limited to 15 MB/s. The programs take turns, and medians are compared. Exit 1 when ours is less
than 6 times as fast as yt-dlp as it comes in the first condition, or slower than 1.05 of the best peer's time in
either. The aims (bytes written, memory, CPU) are printed beside it and not judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks import downloaders, local_vod, nginx
from benchmarks.downloaders import AS_IT_COMES, EIGHT, OURS
from benchmarks.measured import Cost, measure

CONDITIONS = {"plain": "40 ms", "capped": "40 ms, 15 MB/s per connection"}
TIMES_AS_FAST = 6.0
OF_THE_BEST_PEER = 1.05
WRITTEN_PER_BYTE, MEMORY = 2.0, 250e6

Costs = dict[str, list[Cost]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench-download", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs in each condition")
    parser.add_argument("--only", nargs="*", help="names of programs to run, for a look; nothing is judged then")
    parser.add_argument("--condition", choices=CONDITIONS, help="one of the two, for a look; nothing is judged then")
    options = parser.parse_args(arguments)
    for_a_look = bool(options.only or options.condition)
    running = downloaders.contenders(Path(sys.prefix) / "bench" / "bin" / "streamlink")
    if options.only:
        running = {name: command for name, command in running.items() if name in options.only}
    ffmpeg = get_ffmpeg_exe()
    vod = local_vod.make(ffmpeg)
    print(f"{vod.segments} segments, {vod.size / 1e6:.0f} MB, {vod.seconds} s; {_machine()}; rounds: {options.rounds}")
    missed: list[str] = []
    with nginx.serving(vod.folder) as address, tempfile.TemporaryDirectory(prefix="vod-tender-bench-") as scratch:
        tools = _named_ffmpeg(ffmpeg, Path(scratch))
        for condition, text in CONDITIONS.items():
            if options.condition not in {None, condition}:
                continue
            costs: Costs = {name: [] for name in running}
            for number in range(options.rounds):
                for name, command in running.items():
                    folder = Path(scratch) / "run"
                    costs[name].append(_once(command, f"{address}/{condition}/index.m3u8", folder, tools, vod))
                    print(f"  {text}: round {number + 1}: {name}: {costs[name][-1].wall:.2f} s", file=sys.stderr)
            _table(text, costs, vod)
            if not for_a_look:
                missed += _judge(condition, text, costs)
    for line in missed:
        print(f"MISSED: {line}")
    return int(bool(missed))


def _once(command: downloaders.Command, url: str, folder: Path, ffmpeg: str, vod: local_vod.LocalVod) -> Cost:
    """One run, from nothing to a file that holds every packet."""
    folder.mkdir()
    os.sync()  # what the one before left to be written is not charged to this one
    place = downloaders.Place(url, folder, ffmpeg, (vod.folder / "index.m3u8").read_text(encoding="utf-8"))
    log = folder.with_name("log")
    try:
        cost = measure(command(place), cwd=folder, environment=downloaders.environment(), log=log)
        if cost.code:
            raise SystemExit(f"{command(place)} failed: {log.read_text(errors='replace')[-2000:]}")
        if (found := local_vod.count(ffmpeg, folder / downloaders.TARGET)) != vod.packets:
            raise SystemExit(f"{command(place)} made a file with {found} instead of {vod.packets}.")
        return cost
    finally:
        shutil.rmtree(folder)


def _named_ffmpeg(program: str, folder: Path) -> str:
    """The same ffmpeg for all, under the name by which yt-dlp knows it."""
    link = folder / "ffmpeg"
    link.symlink_to(program)
    return str(link)


def _table(text: str, costs: Costs, vod: local_vod.LocalVod) -> None:
    ours = median(cost.wall for cost in costs[OURS]) if OURS in costs else None
    print(f"\n{text}\n")
    print("| | seconds | slowest / fastest run | of our time | CPU s | peak MB | written per byte kept |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in costs.items():
        walls = sorted(cost.wall for cost in runs)
        ratio = f"{median(walls) / ours:.2f}" if ours else "-"
        cpu, memory = median(cost.cpu for cost in runs), median(cost.memory for cost in runs)
        written = median(cost.written for cost in runs) / vod.size
        cells = [
            name,
            f"{median(walls):.2f}",
            f"{walls[-1] / walls[0]:.2f}",
            ratio,
            f"{cpu:.1f}",
            f"{memory / 1e6:.0f}",
        ]
        print(f"| {' | '.join(cells)} | {written:.2f} |")
    if OURS in costs:
        _aims(costs, vod)


def _aims(costs: Costs, vod: local_vod.LocalVod) -> None:
    ours = costs[OURS]
    written = median(cost.written for cost in ours) / vod.size
    memory = median(cost.memory for cost in ours)
    aims = {
        f"at most {WRITTEN_PER_BYTE} bytes written per byte kept": written <= WRITTEN_PER_BYTE,
        f"at most {MEMORY / 1e6:.0f} MB": memory <= MEMORY,
    }
    if EIGHT in costs:
        aims["less CPU than yt-dlp -N 8"] = median(c.cpu for c in ours) < median(c.cpu for c in costs[EIGHT])
    print("\nAims: " + "; ".join(f"{aim}: {'yes' if met else 'NO'}" for aim, met in aims.items()))


def _judge(condition: str, text: str, costs: Costs) -> list[str]:
    walls = {name: median(cost.wall for cost in runs) for name, runs in costs.items()}
    ours = walls.pop(OURS)
    best = min(walls, key=walls.__getitem__)
    ratio = ours / walls[best]
    print(f"Ours takes {ratio:.2f} of the best peer's time ({best}); at most {OF_THE_BEST_PEER}.")
    missed = [f"{text}: {ratio:.2f} of the time of {best}"] if ratio > OF_THE_BEST_PEER else []
    if condition == "plain":
        times = walls[AS_IT_COMES] / ours
        print(f"Ours is {times:.1f} times as fast as {AS_IT_COMES}; at least {TIMES_AS_FAST:.0f}.")
        missed += [f"{text}: {times:.1f} times as fast as {AS_IT_COMES}"] if times < TIMES_AS_FAST else []
    return missed


def _machine() -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores ({model.partition(': ')[2] or 'unknown'}), load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
