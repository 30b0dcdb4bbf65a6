#!/usr/bin/env python
"""Entry point of every command: `manage.py help` lists them."""

import os
import sys

DATABASE_HINT = "`manage.py up` makes it and brings it up to date; DATA_DIR or DATABASE_URL says where it is."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vodtender.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    from vodtender.env import EnvError, load_dotenv  # noqa: PLC0415
    from vodtender.telemetry import starting  # noqa: PLC0415

    load_dotenv()
    try:
        starting.prepare(sys.argv)
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.stderr.write(f"vod-tender cannot start: {error}\n")
        raise SystemExit(2) from None
    except DatabaseError as error:
        sys.stderr.write(f"The database cannot be used: {error}. {DATABASE_HINT}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
