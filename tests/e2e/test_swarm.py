"""Files in a swarm that loses people, is reloaded, or has somebody in it who does not keep to the rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browsers.device import WAIT_LIMIT_SEC, Snapshot, wait_for_all
from tests.e2e.file_room import MIB, PIECE_BYTES, FileRoom, give_little, kill_browser, make_noise
from tests.e2e.room import has_peers, holds

pytestmark = [pytest.mark.e2e, pytest.mark.long]

LONG_WAIT_SEC = 2 * WAIT_LIMIT_SEC  # a megabyte and a half at 64 KB/s, and a machine with other things to do

# What leaves over the bulk channel is changed by `TAMPER(frame)`, which returns the frames to send instead.
_TAMPERED = """
(() => {
  const send = RTCDataChannel.prototype.send;
  const tamper = TAMPER;
  RTCDataChannel.prototype.send = function (data) {
    if (this.label !== "bulk") return send.call(this, data);
    for (const frame of tamper(new Uint8Array(data))) send.call(this, frame);
  };
})();
"""
OVERSIZED = "(frame) => { const long = new Uint8Array(70_000); long.set(frame); return [long]; }"
UNREQUESTED = "(frame) => { frame[4] ^= 0x7f; return [frame]; }"  # the first byte of the piece's number
NEVER = "() => []"
DROPPED = r"^{}.s phone sent something that made no sense"
SILENT = r"^{} sends nothing of .noise. just now"


def test_everyone_completes_though_the_seeder_dies_after_one_copy(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[S7] Ada's browser is killed once every piece has left it; no one listener has them all by then."""
    ada, *others = file_room.enter("ada", "bo", "cy", "di")
    everyone = [ada, *others]
    wait_for_all(everyone, has_peers(4), "to be linked")
    # The switch is there once there are files, so a small one is there first.
    start = make_noise(tmp_path / "start.mp3", PIECE_BYTES, seed=2)
    ada.add_file(start)
    wait_for_all(everyone, lambda shot: holds(shot, start.name), "to hold the first file")
    for device in others:
        give_little(device)
    path = make_noise(tmp_path / "noise.mp3", 3 * MIB // 2)
    sent_bytes = ada.snapshot()["transfer"]["sentBytes"]
    ada.add_file(path)
    # Two pieces at most are on their way at once: what was begun before those has left.
    one_copy_bytes = sent_bytes + path.stat().st_size + 3 * PIECE_BYTES
    ada.page.wait_for_function(
        "(bytes) => unisono.snapshot().transfer.sentBytes >= bytes", arg=one_copy_bytes, polling=10
    )
    kill_browser(ada)
    held = [
        next(each for each in device.snapshot()["files"] if each["name"] == path.name) for device in others
    ]
    print(f"\nheld when the seeder died: {[each['heldBytes'] for each in held]} of {path.stat().st_size}")
    shots = wait_for_all(others, lambda shot: holds(shot, path.name), "to complete", LONG_WAIT_SEC)
    assert {shot["transfer"]["badPieces"] for shot in shots} == {0}


def test_a_reload_half_way_goes_on_from_the_pieces_it_had(file_room: FileRoom, tmp_path: Path) -> None:
    """[S19] In the same tab: the page that comes after fetches only what was not held."""
    ada, bo = file_room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    path = make_noise(tmp_path / "noise.mp3", 3 * MIB // 2)
    start = make_noise(tmp_path / "start.mp3", PIECE_BYTES, seed=2)
    ada.add_file(start)
    bo.wait_for_seeded(start.name)
    give_little(ada)
    ada.add_file(path)
    size_bytes = path.stat().st_size

    def is_half_way(shot: Snapshot) -> bool:
        return any(
            each["name"] == path.name and 2 * each["heldBytes"] >= size_bytes for each in shot["files"]
        )

    half = bo.wait_for(is_half_way, "to hold half", LONG_WAIT_SEC)
    held_bytes = next(each["heldBytes"] for each in half["files"] if each["name"] == path.name)
    bo.reload()
    bo.join()
    assert bo.snapshot()["userId"] == half["userId"]
    shot = bo.wait_for(lambda seen: holds(seen, path.name), "to hold all", LONG_WAIT_SEC)
    refetched_bytes = shot["transfer"]["receivedBytes"]
    print(f"\nheld {held_bytes} of {size_bytes} before the reload, fetched {refetched_bytes} after it")
    assert refetched_bytes <= size_bytes - held_bytes
    assert bo.errors == []


@pytest.mark.parametrize(
    ("tamper", "words"),
    [(OVERSIZED, DROPPED), (UNREQUESTED, DROPPED), (NEVER, SILENT)],
    ids=["oversized", "unrequested", "never arriving"],
)
def test_who_does_not_keep_to_the_rules_is_passed_over_and_named(
    file_room: FileRoom, tmp_path: Path, tamper: str, words: str
) -> None:
    """[S20] Bo sends the file wrongly, or not at all; cy gets it from ada and says who it was."""
    [ada] = file_room.enter("ada")
    [bo] = file_room.enter("bo", script=_TAMPERED.replace("TAMPER", tamper))
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    path = make_noise(tmp_path / "noise.mp3", 3 * MIB // 2)
    ada.add_file(path)
    bo.wait_for_seeded(path.name)
    give_little(ada)
    bo_name = bo.snapshot()["name"]

    [cy] = file_room.enter("cy")
    named = cy.page.get_by_text(re.compile(words.format(re.escape(bo_name))))
    expect(named).to_be_visible(timeout=LONG_WAIT_SEC * 1000)
    shot = cy.wait_for(lambda seen: holds(seen, path.name), "to complete from ada", LONG_WAIT_SEC)
    assert shot["files"][0]["fileId"] == ada.snapshot()["files"][0]["fileId"]
    assert ada.snapshot()["transfer"]["sentBytes"] >= path.stat().st_size
    assert cy.errors == []
