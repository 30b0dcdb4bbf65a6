"""A loopback stand-in for Twitch and YouTube that speaks their wire formats.

A product is pointed at it by environment variables alone (`environment`), so the same unmodified program runs against
the real services and against this. Nothing here imports the product; this module imports nothing heavy.
"""

from __future__ import annotations

from pathlib import Path

DEMO_CHANNEL = "pixel_pia"
MARATHON_CHANNEL = "marathon_mia"
QUIET_CHANNEL = "quiet_quinn"

# What an operator would have registered at Twitch and Google. They open nothing but this simulator.
TWITCH_CLIENT_ID = "simu1at0rtw1tchc1ient1d0000001"
TWITCH_CLIENT_SECRET = "simu1at0rtw1tchsecret000000001"  # noqa: S105
GOOGLE_CLIENT_ID = "100000000001-simulator.apps.googleusercontent.com"
GOOGLE_CLIENT_SECRET = "GOCSPX-simulator-secret-0001"  # noqa: S105


def environment(state_dir: Path, *, proxy_port: int, irc_port: int, channel: str = DEMO_CHANNEL) -> dict[str, str]:
    """The variables that point a product at a simulator on 127.0.0.1 with these ports and this state folder."""
    return {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
        "SSL_CERT_FILE": str(state_dir.resolve() / "ca.pem"),
        "TWITCH_IRC_URL": f"ircs://127.0.0.1:{irc_port}",
        "TWITCH_CLIENT_ID": TWITCH_CLIENT_ID,
        "TWITCH_CLIENT_SECRET": TWITCH_CLIENT_SECRET,
        "YT_CLIENT_ID": GOOGLE_CLIENT_ID,
        "YT_CLIENT_SECRET": GOOGLE_CLIENT_SECRET,
        "TWITCH_CHANNEL": channel,
    }
