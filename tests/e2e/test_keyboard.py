"""Everything by keyboard alone: each control is met once, in the order of the page, seen and not covered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lab.browsers.device import PLAY, Device
from lab.file_room import FileRoom, make_tune
from lab.room import is_playing

pytestmark = pytest.mark.e2e

MAX_STOPS = 80
MAX_ROUNDS = 5
KEY = "K7QF-9TXM-2B4D"

# All that can take the focus, in the order of the page.
_STOPS = """[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")]
  .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility())"""

_NUMBER = f"""() => {{
  const all = {_STOPS};
  all.forEach((each, index) => {{ each.dataset.stop = index; }});
  document.activeElement?.blur();
  getSelection().removeAllRanges();
  return all.length;
}}"""

# Whether the page still has the stops that were numbered: a part of it may have come meanwhile.
_IS_AS_NUMBERED = f"""(count) => {{
  const all = {_STOPS};
  return all.length === count && all.every((each, index) => Number(each.dataset.stop) === index);
}}"""

_STOP = """() => {
  const at = document.activeElement;
  if (at === document.body || at === document.documentElement) return null;
  const box = at.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const faults = [];
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) faults.push("no outline");
  if (!there || !(at.contains(there) || there.contains(at))) faults.push("covered");
  if (box.top < 0 || box.bottom > innerHeight) faults.push("out of sight");
  return { stop: Number(at.dataset.stop), faults, html: at.outerHTML.slice(0, 120) };
}"""


def test_all_is_reached_seen_and_worked_by_keyboard(file_room: FileRoom, tmp_path: Path) -> None:
    """Row X2: from the link to sound and out again without a pointer; the focus follows the screens."""
    [ada] = file_room.sit_together("ada")
    page = ada.page
    page.set_viewport_size({"width": 390, "height": 700})
    ada.open(f"{ada.base_url}/#{KEY}")
    meet_all(page)
    join = page.get_by_role("button", name="Join with sound")
    join.press("Enter")
    ada.wait_for_phase("joined")
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    add = page.get_by_role("button", name="Add files")
    notes = tmp_path / "notes.pdf"
    notes.write_bytes(b"%PDF-1.7 of no use to anyone")
    tune = make_tune(tmp_path / "Glass Harbour.mp3")
    for path in (tune, notes):
        with page.expect_file_chooser() as chooser:
            add.press("Enter")
        chooser.value.set_files(path)
    expect(page.get_by_role("status")).to_contain_text(notes.name)  # stays, over the foot of the page
    ada.wait_for_seeded(tune.name)
    meet_all(page)
    step_through_the_tabs(page)
    page.get_by_text("Details", exact=True).press("Enter")
    expect(page.get_by_role("region", name="Who has which pieces")).to_contain_text("100%")
    meet_all(page)
    page.get_by_role("button", name="Dismiss").press("Enter")
    work_the_controls(ada, tune)

    page.get_by_role("button", name="Leave").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    meet_all(page)
    assert ada.errors == []


def work_the_controls(ada: Device, tune: Path) -> None:
    """Play, switches, the slider, a new name, the dialog: each by its key, and the focus back."""
    page = ada.page
    ada.show("Music")
    row = ada.file_row(tune.name)
    play = row.get_by_role("button", name=PLAY)
    expect(play).to_be_enabled()
    play.press("Enter")
    ada.wait_for(is_playing, "to play")
    switch = row.get_by_role("switch")
    for is_on in (False, True):
        switch.press("Space")
        expect(switch).to_be_checked(checked=is_on)
    meet_all(page)
    ada.show("This phone")
    clicks = page.get_by_role("button", name="Click test")
    clicks.press("Space")
    expect(clicks).to_have_attribute("aria-pressed", "true")
    clicks.press("Space")
    page.get_by_role("slider", name="Speaker delay").press("ArrowRight")
    ada.wait_for(lambda shot: shot["playback"]["speakerDelayMs"] == 1, "to move by a millisecond")
    role = page.get_by_role("combobox", name="Role", exact=True)
    role.press("l")  # a letter chooses as the arrows do, in every platform's way
    ada.wait_for(lambda shot: shot["playback"]["role"] == "left", "to play the left")
    page.get_by_role("slider", name="Treble").press("ArrowRight")
    expect(page.get_by_role("slider", name="Treble")).to_have_value("1")

    ada.show("People")
    rename = page.get_by_role("button", name="Change name")
    rename.press("Enter")
    name = page.get_by_role("textbox", name="Your name")
    expect(name).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(rename).to_be_focused()
    ada.wait_for(lambda shot: shot["name"] == "Ada", "to have the name")

    invite = page.get_by_role("button", name="Invite")
    invite.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(invite).to_be_focused()


def step_through_the_tabs(page: Page) -> None:
    """One stop of the Tab key; arrows go round, and the tab they reach shows its panel."""
    tabs = page.get_by_role("tab")
    tabs.first.focus()
    for key, name in (("ArrowLeft", "This phone"), ("ArrowRight", "Music"), ("ArrowRight", "People")):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).to_have_accessible_name(name)
    meet_all(page)
    tabs.nth(1).focus()
    page.keyboard.press("ArrowRight")


def meet_all(page: Page) -> None:
    """Tab by tab once around the page, from wherever the focus was; between end and beginning it is at the
    browser's own controls. Once more where the page changed on the way.
    """
    for _ in range(MAX_ROUNDS):
        count = page.evaluate(_NUMBER)
        met = go_round(page)
        if page.evaluate(_IS_AS_NUMBERED, count):
            break
    assert [each for each in met if each["faults"]] == []
    order = [each["stop"] for each in met]
    assert order == [*range(order[0], count), *range(order[0])]


def go_round(page: Page) -> list[dict[str, Any]]:
    """What the Tab key meets, each once."""
    met: list[dict[str, Any]] = []
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if met and stop and stop["stop"] == met[0]["stop"]:
            break
        met += [stop] if stop else []
    return met
