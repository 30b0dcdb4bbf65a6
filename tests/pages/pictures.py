"""Makes the pictures of the pages: `python tests/pages/pictures.py [FOLDER]`.

Without FOLDER the two of the README (docs/images); with it every page, wide and phone-size, in light and dark.
Full and empty. Needs /usr/bin/chromium. Runs its own server on a free port, with made-up rows in a temporary folder.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "lighthouse-7"
SIZES = {"wide": (1280, 900), "phone": (375, 800)}
FULL = {
    "login": "/accounts/login/",
    "start": "/",
    "list": "/vods/",
    "nothing-found": "/vods/?q=zzz",
    "vod": "/vods/2300000007/?t=40",
    "attention": "/vods/2300000006/",
    "working": "/vods/2300000000/",
    "monitor": "/monitor",
    "monitor-week": "/monitor?range=7d",
    "password": "/accounts/password/change/",
    "not-found": "/nothing/",
    "admin": "/admin/",
    "admin-vods": "/admin/vods/vod/",
    "admin-vod": "/admin/vods/vod/1/change/",
    "admin-channels": "/admin/vods/channel/",
}
HELD = {"held-start": "/", "held-vod": "/vods/2300000002/", "admin-switchboard": "/admin/vods/switchboard/"}
EMPTY = {"empty-start": "/", "empty-list": "/vods/", "empty-monitor": "/monitor"}


def clip(path: Path) -> bytes:
    """A minute of slow colours."""
    from imageio_ffmpeg import get_ffmpeg_exe

    colours = "gradients=s=640x360:r=5:d=60:speed=0.004:c0=0x0b3b3c:c1=0x14686a:c2=0x1f8f8a:nb_colors=3"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", colours, "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)
    return path.read_bytes()


def fill(folder: Path, *, full: bool, held: bool) -> None:
    """Rows for the pictures; runs in a process of its own, with its own database."""
    import django

    django.setup()
    import page_cast
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils.timezone import now

    from chat.models import Recording
    from tests.monitor import history_cast
    from vods.models import Channel, Chapter, Circuit, Switchboard, Vod

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", "", PASSWORD)
    if not full:
        return
    vods = page_cast.fill(now())
    history_cast.a_week(int(now().timestamp()) // 15 * 15)
    shown = vods[7]
    parts = ((0, "Just Chatting"), (1210, "Music"), (5400, "Celeste"))
    Chapter.objects.bulk_create(Chapter(vod=shown, start=start, title=title) for start, title in parts)
    page_cast.with_chat(shown, spacing=1.6)
    page_cast.with_file(shown, settings.MEDIA_DIR, clip(folder / "clip.mp4"))
    running = page_cast.with_chat(vods[0])
    Recording.objects.filter(pk=running.pk).update(ended_at=None)
    stretches = [{"start": 950.0 + 1400 * n, "duration": 180.0} for n in range(6)]
    Vod.objects.filter(pk=shown.pk).update(muted=stretches, gaps=[{"start": 4120.0, "duration": 10.0}])
    if held:
        until = now() + timedelta(minutes=4)
        Switchboard.objects.create(pk=1, paused=True, uploads_paused=True)
        Channel.objects.filter(login="harbourlights").update(paused=True)
        opened = {"circuit_state": Circuit.OPEN, "circuit_failures": 5, "circuit_open_until": until}
        Channel.objects.filter(login="mossandstone").update(**opened)


@contextmanager
def server(kind: str) -> Iterator[str]:
    full = kind != "empty"
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        env = {
            **os.environ,
            "DATA_DIR": folder,
            "SECRET_KEY": "pictures",
            "ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "HTTP_ADDR": f"127.0.0.1:{port}",
            "TWITCH_CLIENT_ID": "pictures" if full else "",
            "TWITCH_CLIENT_SECRET": "pictures" if full else "",
            "YT_CLIENT_ID": "pictures" if full else "",
            "YT_CLIENT_SECRET": "pictures" if full else "",
            "YOUTUBE_UPLOAD_ENABLED": "true" if full else "",
            "YOUTUBE_UPLOAD_OWNERSHIP": "self" if full else "",
            "DJANGO_SETTINGS_MODULE": "vodtender.settings",
            "PYTHONPATH": str(ROOT),
        }
        rows = [sys.executable, __file__, "--fill", folder, kind]
        subprocess.run(rows, env=env, check=True, cwd=ROOT)
        serve = [sys.executable, "-m", "uvicorn", "vodtender.asgi:application", "--port", port, "--log-level", "error"]
        process = subprocess.Popen(serve, env=env, cwd=ROOT)
        try:
            wait_for(int(port), process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as asking:
            asking.settimeout(1)
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise SystemExit("The server did not start.")


def take(browser: Browser, url: str, pages: dict[str, str], folder: Path, theme: str, size: str) -> None:
    """Pictures of whole pages as `<folder>/<page>-<size>-<theme>.png`."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    for name, address in pages.items():
        page.goto(url + address)
        if name != "login" and "/accounts/login/" in page.url:
            page.fill("#id_login", "admin")
            page.fill("#id_password", PASSWORD)
            page.click("button[type=submit]")
            page.goto(url + address)
        page.wait_for_load_state("networkidle" if "admin" in name else "load")
        page.wait_for_timeout(1200)  # the player's first picture and the chat
        page.screenshot(path=folder / f"{name}-{size}-{theme}.png", full_page=size == "phone" or "--whole" in sys.argv)
    context.close()


def main(folder: str | None) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        if folder is None:
            with server("full") as url, tempfile.TemporaryDirectory() as there:
                for name, theme in (("start", "light"), ("vod", "dark")):
                    take(browser, url, {name: FULL[name]}, Path(there), theme, "wide")
                    (ROOT / f"docs/images/{name}.png").write_bytes(Path(there, f"{name}-wide-{theme}.png").read_bytes())
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        for kind, pages in (("full", FULL), ("held", HELD), ("empty", EMPTY)):
            with server(kind) as url:
                for theme in ("light", "dark"):
                    for size in SIZES:
                        take(browser, url, pages, Path(folder), theme, size)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fill"]:
        fill(Path(sys.argv[2]), full=sys.argv[3] != "empty", held=sys.argv[3] == "held")
    else:
        main(next((word for word in sys.argv[1:] if not word.startswith("-")), None))
