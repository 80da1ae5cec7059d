"""The outside that others hold on to: accessible names and `window.unisono.snapshot()`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from lab.browsers.device import PLAY, wait_for_all
from lab.rig.song import Song
from lab.room import Room, has_peers

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

SHAPE = {
    "v": {},
    "phase": {},
    "userId": {},
    "name": {},
    "control": {"state", "nodeId"},
    "clock": {"state", "clockId", "offsetMs", "driftPpm", "uncertaintyMs", "rttMs", "probes"},
    "director": {"userId", "term", "isMe"},
    "peers": {},
    "plan": {"state", "fileId", "globalStartUs", "positionUs", "rev"},
    "playback": {
        *("state", "positionSec", "errorMs", "ratePpm", "outputLatencyMs", "speakerDelayMs"),
        *("decodeOffsetMs", "rejoins", "windowSec", "role"),
    },
    "files": {},
    "transfer": {"sentBytes", "receivedBytes", "duplicateBytes", "badPieces", "links"},
    "timings": {"controlOpenMs", "clockLockedMs", "firstPeerMs", "firstSoundMs"},
}
PEER = {"userId", "name", "isMe", "away", "visible", "linked", "ready", "syncErrorMs", "role"}
FILE = {
    *("fileId", "name", "sizeBytes", "heldBytes", "seeded", "enabled", "offeredBy", "decodable"),
    *("durationSec", "playableSec"),
}


def test_the_names_people_and_screen_readers_know(open_room: Callable[..., Room], song: Song) -> None:
    """Join screen and swarm screen carry every promised name, for director and follower."""
    room = open_room(2)
    stranger = room.sit("ada")
    stranger.open()
    page = stranger.page
    expect(page.get_by_role("textbox", name="Swarm key")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Join"))).to_be_visible()
    expect(page.get_by_role("button", name="New swarm")).to_be_visible()
    stranger.new_swarm()
    room.link = stranger.invite_link()
    [bo] = room.enter("bo")
    wait_for_all([stranger, bo], has_peers(2), "to be linked")
    room.share(stranger, song.path)

    for device, title in ((stranger, "Resign"), (bo, "Take over")):
        page = device.page
        for name in ("Leave", "Invite", "Add files", "Click test", title):
            expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
        expect(page.get_by_role("status")).to_have_count(1)
        slider = page.get_by_role("slider", name="Speaker delay")
        assert [slider.get_attribute(each) for each in ("min", "max", "step")] == ["0", "500", "1"]
        role = page.get_by_role("combobox", name="Role", exact=True)
        plain = ["Everything", "Left", "Right", "Low", "Without low"]
        expect(role.get_by_role("option")).to_have_text(plain)
        for name in ("Bass", "Treble", "Gain"):
            trim = page.get_by_role("slider", name=name, exact=True)
            assert [trim.get_attribute(each) for each in ("min", "max", "step")] == ["-6", "6", "1"]
        people = page.get_by_role("list", name="People").get_by_role("listitem")
        expect(people).to_have_count(2)
        expect(people.filter(has_text="you")).to_have_count(1)
        expect(people.filter(has_text="director")).to_have_count(1)
        row = device.file_row(song.path.name)
        expect(row).to_contain_text("seeded")
        expect(row).to_contain_text(re.compile(r"\d MB"))
        expect(row.get_by_role("switch", name=re.compile("^Enabled"))).to_be_checked()
        for name in ("^Queue", "^Play next"):
            expect(row.get_by_role("button", name=re.compile(name))).to_be_visible()
        expect(page.get_by_role("tab")).to_have_count(0)
        expect(page.locator("input[type=file][multiple]")).to_have_count(1)
        page.get_by_text("Details", exact=True).click()
        expect(page.get_by_role("button", name="Copy diagnostics")).to_be_visible()
    expect(stranger.file_row(song.path.name).get_by_role("button", name=PLAY)).to_be_enabled()
    expect(bo.file_row(song.path.name).get_by_role("button", name=PLAY)).to_be_disabled()
    for device, count in ((stranger, 1), (bo, 0)):
        for name in ("Spread the room", "Undo spread"):
            expect(device.page.get_by_role("button", name=name, exact=True)).to_have_count(count)
        expect(device.page.get_by_role("combobox", name=re.compile("^Role of "))).to_have_count(2 * count)
    stranger.page.get_by_role("button", name="Invite").click()
    dialog = stranger.page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    expect(dialog.get_by_role("button", name="Copy link")).to_be_visible()
    assert (stranger.errors, bo.errors) == ([], [])


def test_the_snapshot_has_its_shape_and_tells_no_secret(open_room: Callable[..., Room], song: Song) -> None:
    """Every promised member, before and after joining; neither the key nor an address in it."""
    room = open_room(2)
    ada = room.sit("ada")
    ada.open()
    check_shape(ada.page.evaluate("window.unisono.snapshot()"))
    ada.new_swarm()
    room.link = ada.invite_link()
    [bo] = room.enter("bo")
    room.share(ada, song.path)
    for device in (ada, bo):
        shot = device.snapshot()
        check_shape(shot)
        assert set(shot["peers"][0]) >= PEER
        assert set(shot["files"][0]) >= FILE
        text = device.page.evaluate("JSON.stringify(window.unisono.snapshot())")
        key = room.link.partition("#")[2]
        assert key not in text
        assert key.replace("-", "") not in text
        assert not re.search(r"\b\d+\.\d+\.\d+\.\d+\b", text)


def check_shape(shot: dict[str, object]) -> None:
    assert set(shot) >= set(SHAPE)
    for part, members in SHAPE.items():
        value = shot[part]
        if members:
            assert isinstance(value, dict)
            assert set(value) >= set(members), part
