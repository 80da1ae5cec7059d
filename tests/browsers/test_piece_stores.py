"""The contract of the piece stores where they live: OPFS, IndexedDB and memory, in Chromium and Firefox, on
localhost and on plain http, where there are neither OPFS nor locks.

The cases are those that Vitest runs over memory (web/src/transfer/testing/piece-store-contract.ts), on a
page of their own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.browsers.trial_pages import STORE_PAGE, build_pages
from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from lab.networks.programs import NetworkFleet

pytestmark = pytest.mark.e2e

ON_DISC = ("opfs", "indexeddb")
KINDS = (*ON_DISC, "memory")
STEP_LIMIT_MS = 90_000
HTTP_PORT = 8080
QUOTA_KIB = 12 * 1024
# Firefox is driven through a socket of its own host, so it cannot sit in a namespace; a name that is not
# localhost is no secure context wherever it leads.
LAN_NAME = "lan.test"

# A tab that has not shown for an hour that it lives, as the others read it.
AGE = """(session) => new Promise((resolve, reject) => {
  const request = indexedDB.open("unisono-pieces");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const change = request.result.transaction("sessions", "readwrite");
    change.objectStore("sessions").put({ session, heartbeatWallMs: Date.now() - 3_600_000 }, session);
    change.oncomplete = () => {
      request.result.close();
      resolve();
    };
  };
})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page."""
    folder: Path = tmp_path_factory.mktemp("store-page")
    build_pages(STORE_PAGE, folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve_folder(folder) as root:
        yield f"{root}/store-page.html"


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with Fleet() as fleet:
        device = fleet.chromium("ada", {}) if request.param == "chromium" else fleet.firefox("ada", {})
        yield device.context


@contextmanager
def serve_at(network: Network, member: str, folder: Path) -> Iterator[None]:
    """The folder on http at one member of a network."""
    serve = [sys.executable, "-u", "-m", "http.server", str(HTTP_PORT), "--bind", network.address(member)]
    command = [*network.command(member), *serve, "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        server.stdout.readline()  # it says so when it listens
        try:
            yield
        finally:
            server.terminate()


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def plain_http(
    request: pytest.FixtureRequest, folder: Path, address: str
) -> Iterator[tuple[BrowserContext, str]]:
    """A browser, and an address of the page that is no secure context to it."""
    with ExitStack() as stack:
        if request.param == "firefox":
            fleet = stack.enter_context(Fleet())
            prefs = {"network.dns.localDomains": LAN_NAME}
            yield fleet.firefox("ada", {}, extra_prefs=prefs).context, address.replace("127.0.0.1", LAN_NAME)
            return
        if not can_make_networks():
            pytest.skip(NEEDS_NETWORKS)
        network = stack.enter_context(Network("server", "ada"))
        host = network.address("server")
        stack.enter_context(serve_at(network, "server", folder))
        lan = stack.enter_context(NetworkFleet(network, ""))
        ada = lan.chromium_at("ada", {}, show_local_ips=True)
        yield ada.context, f"http://{host}:{HTTP_PORT}/store-page.html"


@pytest.fixture
def page(browser: BrowserContext, address: str) -> Iterator[Page]:
    opened = open_tab(browser, address)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_store_keeps_the_contract(page: Page, kind: str) -> None:
    """[S18] in this browser."""
    prove_contract(page, kind)


@pytest.mark.parametrize("kind", ON_DISC)
def test_what_is_on_disc_outlives_a_reload_and_nothing_else(page: Page, kind: str) -> None:
    """[S18] [S19] Each case in a page of its own and in the one that replaces it."""
    prove_reloads(page, kind)


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_a_full_disc_is_called_full_whatever_the_browser_calls_it(engine: str, address: str) -> None:
    """[S36] With a quota of 12 MiB, of which each browser tells in its own way."""
    with Fleet() as fleet:
        limit = {"dom.quotaManager.temporaryStorage.fixedLimit": QUOTA_KIB}
        device = (
            fleet.chromium("ada", {}) if engine == "chromium" else fleet.firefox("ada", {}, extra_prefs=limit)
        )
        tab = open_tab(device.context, address)
        if engine == "chromium":
            origin = address.rpartition("/")[0]
            tools = device.context.new_cdp_session(tab)
            tools.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": QUOTA_KIB * 1024})
        for kind in ON_DISC:
            full = tab.evaluate("(kind) => storeContract.fillDisc(kind, `full-${kind}`)", kind)
            assert full["refusals"] == ["storage-full"], kind
            assert 0 < full["pieces"] <= QUOTA_KIB // 1024, kind
            assert full["again"] > 0, f"{kind}: what was dropped makes room"


def test_stores_keep_the_contract_on_plain_http(plain_http: tuple[BrowserContext, str]) -> None:
    """[S18] [S19] In a database and in memory, for want of anything better."""
    tab = open_tab(*plain_http)
    assert not tab.evaluate("isSecureContext || navigator.storage || navigator.locks")
    for kind in ("indexeddb", "memory"):
        prove_contract(tab, kind)
    prove_reloads(tab, "indexeddb")
    tab.close()


def test_what_a_dead_tab_left_is_swept_on_plain_http(plain_http: tuple[BrowserContext, str]) -> None:
    """Without locks, who has long been silent counts as dead, and nobody else."""
    ada, bo, cy = (open_tab(*plain_http) for _ in range(3))
    leave_piece(ada, "indexeddb", "ada")
    leave_piece(bo, "indexeddb", "bo")
    ada.close()
    bo.evaluate(AGE, "ada")
    leave_piece(cy, "indexeddb", "cy")
    assert stays(cy, "indexeddb") == ["bo", "cy"]
    for tab in (bo, cy):
        tab.close()


def prove_contract(page: Page, kind: str) -> None:
    results = page.evaluate("(kind) => storeContract.runStoreContract(kind)", kind)
    assert len(results) >= 12
    assert broken(results) == []


def prove_reloads(page: Page, kind: str) -> None:
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
