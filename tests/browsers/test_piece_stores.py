"""The contract of the piece stores where they live: OPFS, IndexedDB and memory, in Chromium and Firefox.

The cases are those that Vitest runs over memory (web/src/swarm/testing/piece-store-contract.ts), on a page of
their own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browsers.folder_server import serve_folder
from tests.browsers.launch import Fleet

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"
VITE = ROOT / "web/node_modules/vite/bin/vite.js"
PAGE_CONFIG = ROOT / "web/src/swarm/testing/store-page.vite.ts"

ON_DISC = ("opfs", "indexeddb")
KINDS = (*ON_DISC, "memory")
STEP_LIMIT_MS = 90_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("store-page")
    build = [str(NODE), str(VITE), "build", "-c", str(PAGE_CONFIG), "--outDir", str(folder)]
    subprocess.run([*build, "--logLevel", "warn"], cwd=ROOT / "web", check=True)
    with serve_folder(folder) as root:
        yield f"{root}/store-page.html"


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with Fleet() as fleet:
        device = fleet.chromium("ada", {}) if request.param == "chromium" else fleet.firefox("ada", {})
        yield device.context


@pytest.fixture
def page(browser: BrowserContext, address: str) -> Iterator[Page]:
    opened = open_tab(browser, address)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_store_keeps_the_contract(page: Page, kind: str) -> None:
    """[S18] in this browser."""
    results = page.evaluate("(kind) => storeContract.runStoreContract(kind)", kind)
    assert len(results) >= 12
    assert broken(results) == []


@pytest.mark.parametrize("kind", ON_DISC)
def test_what_is_on_disc_outlives_a_reload_and_nothing_else(page: Page, kind: str) -> None:
    """[S18] [S19] Each case in a page of its own and in the one that replaces it."""
    cases = page.evaluate("storeContract.reloadCases")
    assert cases >= 3
    results = []
    for case in range(cases):
        results.append(page.evaluate("([kind, at]) => storeContract.beforeReload(kind, at)", [kind, case]))
        page.reload()
        page.wait_for_function("window.storeContract !== undefined")
        results.append(page.evaluate("([kind, at]) => storeContract.afterReload(kind, at)", [kind, case]))
    assert broken(results) == []


@pytest.mark.parametrize("kind", ON_DISC)
def test_what_a_dead_tab_left_is_swept_and_a_live_one_keeps_its_own(
    browser: BrowserContext, address: str, kind: str
) -> None:
    """Ada's tab dies without a word, bo's lives; cy's start wipes what is ada's and only that."""
    ada, bo = open_tab(browser, address), open_tab(browser, address)
    leave_piece(ada, kind, "ada")
    leave_piece(bo, kind, "bo")
    assert set(stays(bo, kind)) >= {"ada", "bo"}
    ada.close()
    cy = open_tab(browser, address)
    leave_piece(cy, kind, "cy")
    assert stays(cy, kind) == ["bo", "cy"]
    for tab in (bo, cy):
        tab.close()


def open_tab(browser: BrowserContext, address: str) -> Page:
    tab = browser.new_page()
    tab.set_default_timeout(STEP_LIMIT_MS)
    tab.goto(address)
    tab.wait_for_function("window.storeContract !== undefined")
    return tab


def leave_piece(tab: Page, kind: str, session: str) -> None:
    tab.evaluate("([kind, session]) => storeContract.leavePiece(kind, session)", [kind, session])


def stays(tab: Page, kind: str) -> list[str]:
    found: list[str] = tab.evaluate("(kind) => storeContract.staysOnDisc(kind)", kind)
    return found


def broken(results: list[dict[str, Any]]) -> list[str]:
    return [f"{each['name']}: {each['failure']}" for each in results if each["failure"] is not None]
