"""SHA-256 of every file of the built page, to publish with a release: `python scripts/hashes.py`.

Whoever builds the same version gets the same list, so a page served by somebody else can be compared with it.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

WEB_ROOT = Path(__file__).resolve().parent.parent / "src" / "unisono" / "_web"


def main() -> int:
    paths = sorted(path for path in WEB_ROOT.rglob("*") if path.is_file())
    if not paths:
        print("The web app is not built: run `make web` first.", file=sys.stderr)
        return 1
    for path in paths:
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(WEB_ROOT).as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
