"""How much a phone gives of its uplink: by itself little on a data plan, and always as its person says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.rig.song import Song
from lab.room import Room, has_peers, holds

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

# As Chromium says it of itself when people turn Save-Data on; headless it has no such setting.
SAVE_DATA = "Object.defineProperty(NetworkInformation.prototype, 'saveData', { get: () => true });"


def test_a_phone_that_saves_data_gives_little_until_its_person_says_otherwise(
    open_room: Callable[..., Room], song: Song
) -> None:
    """[S17] Bo saves data, ada does not; each may choose the other way, and both have the song."""
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script(SAVE_DATA)
    bo.open(room.link)
    bo.join()
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    bo.add_file(song.path)
    wait_for_all([bo], lambda shot: holds(shot, song.path.name), "to hold the song")
    expect(switch(bo)).to_be_checked()
    assert is_giving_little(bo.snapshot())

    switch(bo).click()
    expect(switch(bo)).not_to_be_checked()
    bo.wait_for(lambda shot: not is_giving_little(shot), "to give what it has")
    ada.wait_for_seeded(song.path.name)
    expect(switch(ada)).not_to_be_checked()
    switch(ada).click()
    ada.wait_for(is_giving_little, "to give little")
    assert (ada.errors, bo.errors) == ([], [])


def switch(device: Device) -> Locator:
    return device.page.get_by_role("switch", name="Give little", exact=True)


def is_giving_little(shot: Snapshot) -> bool:
    return bool(shot["transfer"]["isGivingLittle"])
