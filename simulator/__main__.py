"""`python -m simulator`: the same as `manage.py simulate`, without Django."""

from __future__ import annotations

import argparse
import sys

from .commandline import DESCRIPTION, EPILOG, add_arguments, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=DESCRIPTION, epilog=EPILOG)
    add_arguments(parser)
    try:
        run(vars(parser.parse_args()), lambda text: print(text, flush=True))
    except OSError as error:
        sys.exit(f"The simulator cannot start: {error}. Choose another port or folder.")


if __name__ == "__main__":
    main()
