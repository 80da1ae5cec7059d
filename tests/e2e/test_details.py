"""Under Details: this device's figures over the last minutes, drawn while someone looks and not otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import ViewportSize, expect

from lab.rig.song import Song
from lab.room import Room

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

FIGURES = ("Clock offset", "Round trip", "Playback error", "Rate correction")
RANGE = re.compile(r": -?[\d.,]+ to -?[\d.,]+ (ms|ppm) in the last (minute|\d min)$")
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}
PHONE: ViewportSize = {"width": 390, "height": 844}


def test_the_plots_live_while_details_is_open(
    open_room: Callable[..., Room], song: Song, out_dir: Path
) -> None:
    """Four pictures with names that say the range in words; they grow; closed, they are gone."""
    room = open_room(1)
    [ada] = room.enter("ada")
    room.share(ada, song.path)
    room.start(ada, song.path.name)
    page = ada.page
    expect(page.locator(".plot")).to_have_count(0)
    page.get_by_text("Details", exact=True).click()
    plots = page.get_by_role("region", name="This device, over time")
    for figure in FIGURES:
        picture = plots.get_by_role("img", name=figure)
        expect(picture).to_have_count(1)
        expect(picture).to_have_accessible_name(RANGE)
    line = plots.get_by_role("img", name="Playback error").locator(".plot-line")
    drawn = line.get_attribute("d")
    assert drawn is not None
    expect(line).not_to_have_attribute("d", drawn)

    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for size in (SMALL_PHONE, PHONE):
            page.set_viewport_size(size)
            ada.show("This phone")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            plots.screenshot(path=out_dir / f"details-{scheme}-{size['width']}.png")

    page.get_by_text("Details", exact=True).click()
    expect(page.locator(".plot")).to_have_count(0)
    assert ada.errors == []
