"""What all generators do with what they have rendered: write it, or say which of the files are stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def stale_files(rendered: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Names, as paths from `root`, of the files that are missing or differ."""
    return [
        name
        for name, content in rendered.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != content
    ]


def main(about: str | None, render: Callable[[], Mapping[str, str]]) -> int:
    """The command line of a generator; its exit code. `about`: the docstring that opens with what it does."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    arguments = parser.parse_args()
    rendered = render()
    stale = stale_files(rendered)
    for name in stale:
        if arguments.check:
            print(f"{name} is stale: run `make generate`", file=sys.stderr)
            continue
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered[name], encoding="utf-8")
        print(f"wrote {name}")
    return 1 if arguments.check and stale else 0
