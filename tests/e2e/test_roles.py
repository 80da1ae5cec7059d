"""Who plays which part of the sound: assigned with a tap of consent, seen by all, kept by the device."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.file_room import FileRoom
from lab.room import has_peers, is_director, position_sec

pytestmark = pytest.mark.e2e

PLAIN = ["Everything", "Left", "Right", "Low", "Without low"]
FILM = ["Front left", "Front right", "Centre", "Low effects", "Surround left", "Surround right"]


def roles(shot: Snapshot) -> list[str]:
    """Of everybody whom this device sees, itself first."""
    return [each["role"] for each in sorted(shot["peers"], key=lambda each: not each["isMe"])]


def person(device: Device, other: Device) -> Locator:
    people = device.page.get_by_role("list", name="People").get_by_role("listitem")
    return people.filter(has_text=other.snapshot()["name"])


def test_a_room_is_spread_with_one_tap_and_taken_back_with_one(file_room: FileRoom) -> None:
    """[R2] [R6] [R10] [R13] Bo consents once, both see both roles; bo's own choice outlives leaving."""
    ada, bo = file_room.enter_together("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    ada.wait_for(is_director, "to direct")  # as the first who is here

    ada.page.get_by_role("button", name="Spread the room").click()
    ada.wait_for(lambda shot: roles(shot)[0] == "left", "to play the left")
    question = bo.page.get_by_text("asks this phone to play Right")
    expect(question).to_be_visible()
    expect(person(ada, bo)).to_contain_text("asked to play Right")
    bo.wait_for(lambda shot: roles(shot) == ["all", "left"], "to see ada on the left, and to play all itself")
    bo.page.get_by_role("button", name="Allow").click()
    expect(question).to_be_hidden()
    ada.wait_for(lambda shot: roles(shot) == ["left", "right"], "to see bo on the right")
    bo.wait_for(lambda shot: roles(shot) == ["right", "left"], "to see ada on the left")
    for device in (ada, bo):
        expect(person(device, ada)).to_contain_text("plays Left")
        expect(person(device, bo)).to_contain_text("plays Right")
        picture = device.page.get_by_role("img", name="Who plays what")
        expect(picture).to_have_accessible_name(f"Who plays what: {names_of(device, ada, bo)}.")
        device.wait_for(lambda shot: shot["playback"]["role"] == roles(shot)[0], "to play its role")

    ada.page.get_by_role("button", name="Undo spread").click()
    wait_for_all([ada, bo], lambda shot: roles(shot) == ["all", "all"], "to play everything again")
    expect(ada.page.get_by_role("img", name="Who plays what")).to_have_count(0)

    role = bo.page.get_by_role("combobox", name="Role", exact=True)
    role.select_option("Low")
    ada.wait_for(lambda shot: roles(shot) == ["all", "low"], "to see bo's own choice")
    bo.page.get_by_role("slider", name="Bass").fill("4")
    bo.leave()
    bo.page.get_by_role("button", name="Join again").click()
    bo.wait_for(has_peers(2), "to be back")
    expect(role).to_have_value("low")
    expect(bo.page.get_by_role("slider", name="Bass")).to_have_value("4")
    ada.wait_for(lambda shot: roles(shot) == ["all", "low"], "to see bo's role again")
    assert (ada.errors, bo.errors) == ([], [])


def test_the_channels_of_a_film_can_be_chosen_while_it_is_the_chosen_song(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[R14] By what its decoder names; not before, as nobody knows them then."""
    film = tmp_path / "film.flac"
    channels = "|".join(f"{name}=c0" for name in ("FL", "FR", "FC", "LFE", "BL", "BR"))
    source = ["-f", "lavfi", "-i", "sine=duration=90", "-filter_complex", f"[0]pan=5.1|{channels}"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, str(film)], check=True, timeout=60)
    [ada] = file_room.enter("ada")
    options = ada.page.get_by_role("combobox", name="Role", exact=True).get_by_role("option")
    expect(options).to_have_text(PLAIN)
    ada.add_file(film)
    ada.play(film.name)
    expect(options).to_have_text([*PLAIN, *FILM])
    ada.page.get_by_role("combobox", name="Role", exact=True).select_option("Centre")
    ada.wait_for(lambda shot: shot["playback"]["role"] == "centre", "to play the centre")
    ada.wait_for(lambda shot: position_sec(shot) > 1, "to be in the song")
    assert ada.errors == []


def names_of(device: Device, ada: Device, bo: Device) -> str:
    parts = [f"{ada.snapshot()['name']} Left", f"{bo.snapshot()['name']} Right"]
    return " and ".join(parts if device is ada else parts[::-1])
