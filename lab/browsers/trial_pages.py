"""Pages that are no part of the product: each offers parts of it to a test, as an object on `window`.

Built by a Vite configuration of their own beside the code that they try.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"
VITE = ROOT / "web/node_modules/vite/bin/vite.js"
AUDIO_PAGES = ROOT / "web/src/audio/testing/stitch-page.vite.ts"
STORE_PAGE = ROOT / "web/src/transfer/testing/store-page.vite.ts"


def build_pages(config: Path, folder: Path) -> None:
    """Into an empty folder."""
    build = [str(NODE), str(VITE), "build", "-c", str(config), "--outDir", str(folder)]
    subprocess.run([*build, "--logLevel", "warn"], cwd=ROOT / "web", check=True)


@contextmanager
def open_page(folder: Path, name: str, offers: str, engine: Literal["chromium", "firefox"]) -> Iterator[Page]:
    """The page `name`.html of a served folder, once `window` has what it offers."""
    with serve_folder(folder) as root, Fleet(f"{root}/{name}.html") as fleet:
        ada = fleet.chromium("ada", {}) if engine == "chromium" else fleet.firefox("ada", {})
        ada.open()
        ada.page.wait_for_function(f"window.{offers} !== undefined")
        yield ada.page
