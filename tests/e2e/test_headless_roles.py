"""A headless peer beside a browser plays the part of the sound that whoever directs has given it."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from lab.browsers.device import Device, Snapshot
from lab.file_room import FileRoom
from lab.peer_process import PeerProcess
from lab.room import has_peers, is_director
from lab.server_process import ServerProcess

pytestmark = pytest.mark.e2e

KEY = "K7QF-9TXM-2B4D"
RATE_HZ = 48_000
LEFT_HZ, RIGHT_HZ = 500, 1_100
APART_DB = 60.0
WINDOW = RATE_HZ // 4


def role_of(shot: Snapshot, name: str) -> str:
    """Empty while the page knows nobody of this name."""
    return next((str(each["role"]) for each in shot["peers"] if each["name"] == name), "")


def role_select(device: Device, name: str) -> Locator:
    people = device.page.get_by_role("list", name="People").get_by_role("listitem")
    return people.filter(has_text=name).get_by_role("combobox")


def apart_db(sound: NDArray[np.float64], own_hz: int, other_hz: int) -> float:
    """How far one tone is above the other in the best quarter of a second: where the machine has no time for
    the peer, a gap in its sound is wide in the spectrum.
    """
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return max(level_db(window, own_hz) - level_db(window, other_hz) for window in windows)


def level_db(sound: NDArray[np.float64], tone_hz: int) -> float:
    turns = np.exp(-2j * np.pi * tone_hz * np.arange(len(sound)) / RATE_HZ)
    window = np.hanning(len(sound))
    return float(20 * np.log10(abs((sound * window * turns).sum()) / window.sum() + 1e-12))


SAY_HIDDEN = """() => {
  Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_headless_director_gives_a_page_the_role_that_its_owner_has_named(
    server: ServerProcess, file_room: FileRoom, tmp_path: Path
) -> None:
    """[R6] [R16] After a tap of consent, as any director."""
    file_room.link = f"{server.url}/#{KEY}"
    [ada] = file_room.enter("ada")
    ada.wait_for(is_director, "to direct")
    options = [file_room.link, "--name", "bo", "--assign", f"{ada.snapshot()['name']}=right"]
    with PeerProcess(tmp_path / "bo.log", options) as bo:
        ada.wait_for(lambda shot: role_of(shot, "bo") == "all", "to hear of bo")
        ada.page.evaluate(SAY_HIDDEN)  # so that bo, who has no screen, may direct
        ada.resign()
        question = ada.page.get_by_text("bo asks this phone to play Right")
        expect(question).to_be_visible()
        assert ada.snapshot()["playback"]["role"] == "all"
        ada.page.get_by_role("button", name="Allow").click()
        ada.wait_for(lambda shot: shot["playback"]["role"] == "right", "to play what bo asked")
        expect(question).to_be_hidden()
        assert bo.stop() == 0
    assert ada.errors == []


def test_a_headless_peer_plays_the_side_that_the_director_gives_it(
    server: ServerProcess, file_room: FileRoom, tmp_path: Path
) -> None:
    """[R2] [R9] [R13] [R15] Also while it plays; one whose owner chose keeps that."""
    song = tmp_path / "sides.wav"
    tones = [f"sine=frequency={hz}:sample_rate={RATE_HZ}:duration=60" for hz in (LEFT_HZ, RIGHT_HZ)]
    inputs = [part for each in tones for part in ("-f", "lavfi", "-i", each)]
    merged = ["-filter_complex", "[0][1]join=inputs=2:channel_layout=stereo", str(song)]
    subprocess.run(["ffmpeg", "-loglevel", "error", *inputs, *merged], check=True, timeout=60)
    file_room.link = f"{server.url}/#{KEY}"
    recording = tmp_path / "cy.wav"
    cy_options = [file_room.link, "--name", "cy", "--record", str(recording)]
    bo_options = [file_room.link, "--name", "bo", "--role", "low"]
    [ada] = file_room.enter("ada")
    with (
        PeerProcess(tmp_path / "cy.log", cy_options) as cy,
        PeerProcess(tmp_path / "bo.log", bo_options) as bo,
    ):
        ada.add_file(song)
        ada.wait_for(has_peers(3), "to be linked to both")
        ada.wait_for(is_director, "to direct")
        ada.wait_for(lambda shot: role_of(shot, "bo") == "low", "to see what bo's owner chose")
        ada.page.get_by_role("button", name="Spread the room").click()
        cy.wait_for("Role: right.")  # of the two who can be heard; bo only hands songs on
        assert ada.snapshot()["playback"]["role"] == "left"
        role_select(ada, "bo").select_option("Right")
        ada.wait_for(lambda shot: role_of(shot, "cy") == "right", "to see cy on the right")
        cy.wait_for("Files here: 1 of 1.")
        ada.play(song.name)
        cy.wait_for("Role: right. Files here: 1 of 1. Playing: sides.wav.")
        ada.wait_for(lambda shot: (shot["playback"]["positionSec"] or 0) > 2.5, "to be in the song")
        role_select(ada, "cy").select_option("Left")
        ada.wait_for(lambda shot: role_of(shot, "cy") == "left", "to see cy on the left")
        sec = ada.snapshot()["playback"]["positionSec"] or 0.0
        ada.wait_for(lambda shot: (shot["playback"]["positionSec"] or 0) > sec + 2.0, "to go on")
        assert role_of(ada.snapshot(), "bo") == "low"
        assert "Role: right." not in bo.text()
        assert cy.stop() == 0
    with wave.open(str(recording), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2) / 32_768
    begin = int(np.argmax(np.abs(frames).max(axis=1) > 0.01))
    for part, own_hz, other_hz in (
        (frames[begin + RATE_HZ // 2 :][:RATE_HZ], RIGHT_HZ, LEFT_HZ),
        (frames[-3 * RATE_HZ // 2 :][:RATE_HZ], LEFT_HZ, RIGHT_HZ),
    ):
        assert (part[:, 0] == part[:, 1]).all()
        assert apart_db(part[:, 0], own_hz, other_hz) > APART_DB
    assert ada.errors == []
