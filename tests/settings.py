"""The product's settings with keys and folders of the tests' own. Set before anything reads them."""

import atexit
import os
import shutil
import tempfile

from cryptography.fernet import Fernet

_data_dir = tempfile.mkdtemp(prefix="vod-tender-tests-")
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith(("TWITCH_", "YT_", "YOUTUBE_", "VOD_", "ADMIN_"))]:
    del os.environ[_name]
os.environ.update(DATA_DIR=_data_dir, SECRET_KEY="only-for-the-tests", ENCRYPTION_KEY=Fernet.generate_key().decode())
os.environ["DJANGO_SETTINGS_MODULE"] = "vodtender.settings"  # for the real processes that tests start

from vodtender.settings import *  # noqa: E402, F403
