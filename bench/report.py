"""What every benchmark leaves behind: a table, raw figures as JSON, and the load they ran under.

Machines are shared and noisy: absolute times drift, so compare only what ran in one go, and read the load.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_INNERMOST_LIST = re.compile(r"\[[^\[\]{}\"]*\]")  # of numbers: a line each would bury the rest


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A plain table, columns as wide as they need to be; floats with three digits."""
    cells = [list(header), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    print(f"\n{title}")
    for index, row in enumerate(cells):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        if index == 0:
            print("  ".join("-" * width for width in widths))


def save(name: str, figures: dict[str, Any]) -> Path:
    """Writes `bench/results/<name>.json` with the figures and the circumstances."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    circumstances = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
    }
    text = json.dumps({"circumstances": circumstances, **figures}, indent=1)
    path.write_text(_INNERMOST_LIST.sub(_on_one_line, text) + "\n", encoding="utf-8")
    print(f"raw figures: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return path


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _on_one_line(found: re.Match[str]) -> str:
    return " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]")
