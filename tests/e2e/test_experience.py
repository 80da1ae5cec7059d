"""The checklist of docs/experience.md as far as a browser can tell: every screen, in every theme and at every
size, in Chromium and in Firefox; and what WebKitGTK makes of it.

One page walks through all screens in turn and is looked over at each; a fault names the screen and itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypedDict

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect
from selenium.webdriver.support.wait import WebDriverWait

from lab.browsers.device import WAIT_LIMIT_SEC, Device, wait_for_all
from lab.browsers.webkit import WebKitDevice
from lab.file_room import NO_SOUND, SILENT, FileRoom, make_tune
from lab.room import is_playing
from lab.server_process import ServerProcess
from tests.e2e.screens import (
    axe_faults,
    axe_faults_in_webkit,
    moving,
    set_text_size,
    small_targets,
    speak,
    spills,
    under_the_notch,
    untranslated,
    wears,
)

pytestmark = pytest.mark.e2e

KEY = "K7QF-9TXM-2B4D"
# As phones have it: no sound before a tap, so that the tap on Join must be the one that unlocks it.
AUTOPLAY_BLOCKED = ("--autoplay-policy=document-user-activation-required",)
IN_FIREFOX = {
    "media.autoplay.default": 5,
    "layout.css.prefers-color-scheme.content-override": 0,  # dark, while nothing else is asked for
}
MAX_REQUESTS_BEFORE_JOIN = 4
QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

PHONE: ViewportSize = {"width": 390, "height": 844}
SMALLEST: ViewportSize = {"width": 320, "height": 640}
ON_ITS_SIDE: ViewportSize = {"width": 640, "height": 320}
NOTCH_PX = 47  # an iPhone 14's


class Look(TypedDict):
    color_scheme: Literal["light", "dark"]
    forced_colors: Literal["active", "none"]
    contrast: Literal["more", "no-preference"]


PLAIN: Look = {"color_scheme": "light", "forced_colors": "none", "contrast": "no-preference"}
THEMES: dict[str, Look] = {
    "dark": {**PLAIN, "color_scheme": "dark"},
    "forced colours": {**PLAIN, "forced_colors": "active"},
    "forced dark colours": {**PLAIN, "color_scheme": "dark", "forced_colors": "active"},
    "more contrast": {**PLAIN, "contrast": "more"},
    "more contrast, dark": {**PLAIN, "color_scheme": "dark", "contrast": "more"},
}

# When the form of the join screen is there, and what had come by then.
_NOTE_INTERACTIVE = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("form button")) return;
  window.interactiveAtMs = performance.now();
  watch.disconnect();
}).observe(document, { subtree: true, childList: true });
"""
_FETCHED_BY_THEN = """() => performance.getEntriesByType("resource")
  .filter((each) => each.responseEnd <= interactiveAtMs).map((each) => each.name)"""

_SHARE_SHEET = """
navigator.share = async (given) => { window.shared = given; };
Object.defineProperty(navigator, "clipboard", { value: undefined });
"""


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_every_screen_is_fit_for_everyone(file_room: FileRoom, tmp_path: Path, engine: str) -> None:
    """Rows A1, A2, L1, S3, X1, X4, X5, X6: axe in every theme, targets, 320 px, double text, a phone on
    its side, nothing that moves, no word left in English; one tap from link to sound, autoplay blocked.
    """
    if engine == "firefox":
        ada = file_room.fleet.firefox("ada", SILENT, extra_prefs=IN_FIREFOX)
    else:
        [ada] = file_room.fleet.chromium_together(["ada"], SILENT, extra_args=(*NO_SOUND, *AUTOPLAY_BLOCKED))
    page = ada.page
    page.set_viewport_size(PHONE)
    tune = make_tune(tmp_path / "Glass Harbour.mp3")
    faults: dict[str, list[str]] = {}
    for screen in walk(ada, tune, engine):
        told = [KEY, tune.name, "Glass Harbour", "Ada Lark", "Night Lines", "notes.pdf"]
        found = look_over(page, [*told, ada.snapshot()["name"]], engine)
        faults |= {screen: found} if found else {}
    assert faults == {}
    assert engine == "firefox" or ada.errors == []


def walk(device: Device, tune: Path, engine: str) -> Iterator[str]:
    """Through all screens as a person comes by them; yields the name of each while the page shows it."""
    page = device.page
    device.open()
    expect(page.get_by_role("textbox", name="Swarm key")).to_have_attribute("autocorrect", "off")
    yield "the front door"
    device.enter_key("disco")
    expect(page.get_by_text("Easy to guess")).to_be_visible()
    yield "a weak key"
    page.evaluate("(key) => { location.hash = key; }", KEY)  # as a link opened in the same tab
    expect(page.get_by_role("textbox", name="Swarm key")).to_have_value(KEY)
    yield "an invitation"
    device.join()
    page.get_by_role("button", name="I heard nothing").click()
    yield "alone, and nothing heard"
    device.show("People")
    page.get_by_role("button", name="Change name").click()
    yield "a new name"
    page.get_by_role("button", name="Save").click()
    device.show("Music")
    notes = tune.with_name("notes.pdf")
    notes.write_bytes(b"%PDF-1.7 of no use to anyone")
    device.add_file(notes)
    expect(page.get_by_role("status")).to_contain_text(notes.name)
    yield "a file refused"
    page.get_by_role("button", name="Dismiss").click()
    device.add_file(tune)
    device.wait_for_seeded(tune.name)
    device.play(tune.name)
    if engine == "chromium":  # the other has no sound at all here, and tells what it waits for
        device.wait_for(is_playing, "to play")
    yield "playing"
    device.show("This phone")
    page.get_by_text("Details", exact=True).click()
    yield "playing, with details"
    if engine == "chromium":
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("is paused")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    yield "paused, inviting"
    page.keyboard.press("Escape")
    speak(page, "ar")  # the last screen has no choice of language
    page.get_by_role("banner").get_by_role("button").last.click()
    device.wait_for_phase("left")
    yield "left, in Arabic"


def look_over(page: Page, told: list[str], engine: str) -> list[str]:
    """Every fault of the screen that is shown; leaves it as it was."""
    faults = axe_faults(page)
    for theme, look in THEMES.items():
        page.emulate_media(**look)
        is_dark, is_forced = look["color_scheme"] == "dark", look["forced_colors"] == "active"
        if not wears(page, is_dark=is_dark, is_forced=is_forced, is_strong=look["contrast"] == "more"):
            # Over BiDi, Playwright 1.58 cannot dress Firefox in all of them.
            faults += [f"cannot be shown in: {theme}"] if engine == "chromium" else []
            continue
        faults += [f"{theme}: {each}" for each in axe_faults(page, only_colours=True)]
    page.emulate_media(**PLAIN, reduced_motion="reduce")
    faults += [f"moves: {each}" for each in moving(page)]
    page.emulate_media(**PLAIN, reduced_motion="no-preference")
    for size in (SMALLEST, ON_ITS_SIDE):
        page.set_viewport_size(size)
        where = f"{size['width']} px"
        faults += [f"{where}, too small: {each}" for each in small_targets(page)]
        faults += [f"{where}: {each}" for each in spills(page)]
        set_text_size(page, 200)
        faults += [f"{where}, double text: {each}" for each in spills(page)]
        set_text_size(page, 100)
    if engine == "chromium":
        page.set_viewport_size(ON_ITS_SIDE)
        faults += [f"under the notch: {each}" for each in under_the_notch(page, NOTCH_PX)]
    page.set_viewport_size(SMALLEST)
    if page.locator("html").get_attribute("lang") == "en":
        speak(page, "ar")
        faults += [f"in Arabic: {each}" for each in spills(page)]
        faults += [f"untranslated: {each}" for each in untranslated(page, told)]
        speak(page, "en")
    else:
        faults += [f"untranslated: {each}" for each in untranslated(page, told)]
    page.set_viewport_size(PHONE)
    return faults


def test_an_invitation_is_scanned_shared_copied_by_hand_and_opened_in_one_tap(
    file_room: FileRoom, server: ServerProcess
) -> None:
    """Rows J2, J4, J5, P1: the code is read off the screen in every theme; without a clipboard the link is
    selected; nothing comes from anywhere else, and little of it before Join works.
    """
    ada, bo = file_room.sit_together("ada", "bo")
    asked: list[str] = []
    for device in (ada, bo):
        device.page.set_viewport_size(PHONE)
        device.page.add_init_script(_NOTE_INTERACTIVE)
        device.page.on("request", lambda request: asked.append(request.url))
    ada.page.add_init_script(_SHARE_SHEET)
    ada.open()
    ada.new_swarm()
    page = ada.page
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    code = dialog.get_by_role("img")
    expect(code).to_be_visible()
    link = page.url
    assert re.fullmatch(re.escape(server.url) + r"/#\w{4}-\w{4}-\w{5}", link)
    for look in (PLAIN, *THEMES.values()):
        page.emulate_media(**look)
        assert read_codes(dialog) == [link], look
    expect(dialog).to_contain_text(link)
    expect(dialog).to_contain_text(link.partition("#")[2])

    dialog.get_by_role("button", name="Share").click()
    assert page.evaluate("window.shared.url") == link
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog).to_contain_text("The link is selected")
    assert page.evaluate("getSelection().toString()") == link

    bo.open(link)
    bo.page.wait_for_function("() => window.interactiveAtMs !== undefined")
    fetched: list[str] = bo.page.evaluate(_FETCHED_BY_THEN)
    print(f"\nbefore Join worked: the page and {fetched}")
    assert 1 + len(fetched) <= MAX_REQUESTS_BEFORE_JOIN
    bo.page.get_by_role("button", name="Join with sound").click()
    wait_for_all([ada, bo], lambda shot: len(shot["peers"]) == 2, "to be two")
    bo.show("This phone")
    bo.page.get_by_text("Details", exact=True).click()
    others = bo.page.get_by_role("region", name="Playback error of the others")
    expect(others.get_by_role("img", name=ada.snapshot()["name"])).to_have_count(1)
    assert {url for url in asked if not url.startswith((f"{server.url}/", "blob:"))} == set()
    assert (ada.errors, bo.errors) == ([], [])


def read_codes(dialog: Locator) -> list[str]:
    """What a camera would read off this part of the screen. The reader is told not to try inverted codes."""
    shot = Image.open(io.BytesIO(dialog.screenshot()))
    codes = zxingcpp.read_barcodes(shot, formats=QR_CODES, try_invert=False)
    return [code.text for code in codes]


def test_webkit_joins_by_one_tap_and_says_what_it_lacks(file_room: FileRoom, server: ServerProcess) -> None:
    """Rows A1, S5, X1: Debian's WebKitGTK has no phone-to-phone links: it joins, is seen, and says so."""
    [bo] = file_room.enter_together("bo")
    with WebKitDevice("cy", SILENT, server.url) as cy:
        cy.open(file_room.link)
        assert axe_faults_in_webkit(cy) == []
        cy.join()
        bo.wait_for(lambda shot: len(shot["peers"]) == 2, "to see the other")
        name = bo.snapshot()["name"]
        said = f"Can\u2019t reach {name} directly: this network or browser blocks phone-to-phone links."
        wait = WebDriverWait(cy.browser, WAIT_LIMIT_SEC)
        for words in (said, "adding the same song here"):
            wait.until(lambda _, words=words: words in status_of(cy))  # type: ignore[misc]
        assert axe_faults_in_webkit(cy) == []
    assert bo.errors == []


def status_of(device: WebKitDevice) -> str:
    """What the page says of itself, without the fences around names."""
    said = str(device.evaluate("document.querySelector('[role=status]').innerText"))
    return said.replace("\u2068", "").replace("\u2069", "")
