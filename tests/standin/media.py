"""Makes the VODs' segments with ffmpeg: 10 s each, the last one of odd length, names as Twitch's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg

from tests.standin.world import Piece, Vod

RATE = 30
_EXTINF = re.compile(r"#EXTINF:([\d.]+),\n(\d+\.ts)")


def make(vod: Vod, folder: Path) -> None:
    """Writes the segments of `vod` into `folder` and notes them in `vod.pieces`."""
    folder.mkdir(parents=True)
    size, picture = "320x180", "testsrc2"
    quality = ["-crf", "30"]
    if vod.noise:  # so large that its upload takes more than one chunk
        picture, quality = "nullsrc", ["-b:v", "8M", "-maxrate", "8M", "-bufsize", "8M", "-vf", "noise=alls=90:allf=t"]
    sources = ["-f", "lavfi", "-i", f"{picture}=size={size}:rate={RATE}:duration={vod.seconds}"]
    sources += ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=44100:duration={vod.seconds}"]
    coding = ["-c:v", "libx264", "-preset", "superfast", "-bf", "2", "-pix_fmt", "yuv420p", *quality]
    coding += ["-force_key_frames", "expr:gte(t,n_forced*2)", "-c:a", "aac", "-b:a", "96k", "-ac", "2"]
    target = ["-f", "hls", "-hls_time", "10", "-hls_list_size", "0", "-hls_segment_filename", str(folder / "%d.ts")]
    playlist = folder / "made.m3u8"
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"]
    subprocess.run([*program, *sources, *coding, *target, str(playlist)], check=True)
    for seconds, name in _EXTINF.findall(playlist.read_text()):
        piece = Piece(name, float(seconds))
        if len(vod.pieces) == vod.muted:
            piece.name = name.replace(".ts", "-muted.ts")
            (folder / name).rename(folder / piece.name)
        vod.pieces.append(piece)
    vod.seconds = sum(piece.seconds for piece in vod.pieces)


def media_playlist(vod: Vod, *, over: bool) -> str:
    """In Twitch's form; without an end while the broadcast runs."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:10"]
    lines += [f"#ID3-EQUIV-TDTG:{vod.created_at:%Y-%m-%dT%H:%M:%S}", "#EXT-X-PLAYLIST-TYPE:EVENT"]
    lines += ["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-TWITCH-ELAPSED-SECS:0.000"]
    lines += [f"#EXT-X-TWITCH-TOTAL-SECS:{vod.seconds:.3f}"]
    for piece in vod.pieces:
        lines += [f"#EXTINF:{piece.seconds:.3f},", piece.name]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if over else [])]) + "\n"


def master_playlist(vod: Vod) -> str:
    """What usher answers: the older form with EXT-X-MEDIA, or the newer one whose names are IVS attributes."""
    info = 'ORIGIN="s3",B="false",REGION="EU",USER-IP="203.0.113.7",SERVING-ID="5f0c9be1a64d4e2a8c7b3d9e10f2a4b6"'
    lines = ["#EXTM3U"]
    if vod.ivs:
        lines += ["#EXT-X-VERSION:4", '#EXT-X-SESSION-DATA:DATA-ID="NODE",VALUE="cloudfront_vod"']
    else:
        lines += [
            f'#EXT-X-TWITCH-INFO:{info},CLUSTER="cloudfront_vod",USER-COUNTRY="DE",MANIFEST-CLUSTER="cloudfront_vod"'
        ]
    both = 'CODECS="avc1.64000D,mp4a.40.2"'
    for group, name, width, facts in (
        ("chunked", "180p30", 900_000, f"{both},RESOLUTION=320x180,FRAME-RATE=30.000"),
        ("160p30", "160p", 230_000, f"{both},RESOLUTION=284x160,FRAME-RATE=30.000"),
        ("audio_only", "Audio Only", 220_328, 'CODECS="mp4a.40.2"'),
    ):
        if vod.ivs:
            source = "source" if group == "chunked" else "transcode"
            facts += f',STABLE-VARIANT-ID="{group}",IVS-NAME="{name}",IVS-VARIANT-SOURCE="{source}"'
        else:
            lines += [f'#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="{group}",NAME="{name}",AUTOSELECT=NO,DEFAULT=NO']
            facts += f',VIDEO="{group}"'
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={width},{facts}"]
        lines += [f"https://{vod.host}/{vod.root}/{group}/index-dvr.m3u8"]
    return "\n".join(lines) + "\n"
