"""The product's settings with keys and folders of the tests' own. Set before anything reads them.

TEST_DATABASE_URL names a PostgreSQL server to test on; without it SQLite is used. Processes that tests start use SQLite
in their own folder unless the test gives them a database by tests/databases.py: DATABASE_URL is not passed on to them.
"""

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

os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")

from vodtender.settings import *  # noqa: E402, F403

os.environ["DATABASE_URL"] = ""  # not removed: else a developer's .env would say what it is
