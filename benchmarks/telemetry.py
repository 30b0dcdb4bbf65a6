"""`make bench-telemetry`: what being observed costs. Each part prints a table and says whether it kept its promise.

Exit 1 when one of them did not.
"""

from __future__ import annotations

import sys

from benchmarks import telemetry_scrape, telemetry_tracing

PARTS = (telemetry_scrape, telemetry_tracing)


def main() -> int:
    kept = [part.run() for part in PARTS]
    print("ok" if all(kept) else "MISSED")
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
