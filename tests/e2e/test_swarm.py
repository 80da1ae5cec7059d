"""Files in a swarm that loses people, is reloaded, or has somebody in it who does not keep to the rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.browsers.device import WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from lab.file_room import KEEP_BULK_IN_PAGE, MIB, PIECE_BYTES, FileRoom, give_little, kill_browser, make_noise
from lab.room import has_peers, holds

pytestmark = pytest.mark.e2e

LONG_WAIT_SEC = 2 * WAIT_LIMIT_SEC  # a megabyte at 64 KB/s, and a machine with other things to do
# At 64 KB/s this takes twelve seconds: long enough to be met half-way.
SLOW_BYTES = 3 * MIB // 4

# From now on, what leaves over the bulk channel is changed by `TAMPER(frame)`: it returns the frames to send.
# `isHoldingBack`: not before `letGo()`.
_TAMPER = """(isHoldingBack) => {
  const send = RTCDataChannel.prototype.send;
  const tamper = TAMPER;
  const held = [];
  window.letGo = () => {
    isHoldingBack = false;
    for (const act of held) act();
  };
  RTCDataChannel.prototype.send = function (data) {
    if (this.label !== "bulk") return send.call(this, data);
    const frames = tamper(new Uint8Array(data).slice());
    const act = () => { for (const frame of frames) send.call(this, frame); };
    if (isHoldingBack) held.push(act);
    else act();
  };
}"""
OVERSIZED = "(frame) => { const long = new Uint8Array(70_000); long.set(frame); return [long]; }"
UNREQUESTED = "(frame) => { frame[4] ^= 0x7f; return [frame]; }"  # the first byte of the piece's number
NEVER = "() => []"
DROPPED = r"{}.s phone sent something that made no sense"
SILENT = r"{} sends nothing of .noise. just now"

# One notice takes the place of the former: everything that stood there at any time is noted.
_NOTE_NOTICES = """
(() => {
  window.noticesSeen = [];
  new MutationObserver(() => {
    const text = document.querySelector(".notice p")?.textContent;
    if (text && noticesSeen.at(-1) !== text) noticesSeen.push(text);
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""


def test_everyone_completes_though_the_seeder_dies_after_one_copy(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[S7] Ada's browser is killed once every piece has left it; no one listener has them all by then."""
    [ada] = file_room.enter("ada")
    others = file_room.enter_together("bo", "cy", "di")
    everyone = [ada, *others]
    wait_for_all(everyone, has_peers(4), "to be linked")
    # The switch is there once there are files, so a small one is there first.
    start = make_noise(tmp_path / "start.mp3", PIECE_BYTES, seed=2)
    ada.add_file(start)
    wait_for_all(everyone, lambda shot: holds(shot, start.name), "to hold the first file")
    for device in others:
        give_little(device)
    path = make_noise(tmp_path / "noise.mp3", SLOW_BYTES)
    sent_bytes = ada.snapshot()["transfer"]["sentBytes"]
    ada.add_file(path)
    # Two pieces at most are on their way at once: what was begun before those has left.
    one_copy_bytes = sent_bytes + path.stat().st_size + 3 * PIECE_BYTES
    ada.page.wait_for_function(
        "(bytes) => unisono.snapshot().transfer.sentBytes >= bytes", arg=one_copy_bytes, polling=10
    )
    kill_browser(ada)
    held = [held_bytes(device.snapshot(), path.name) for device in others]
    print(f"\nheld when the seeder died: {held} of {path.stat().st_size}")
    shots = wait_for_all(others, lambda shot: holds(shot, path.name), "to complete", LONG_WAIT_SEC)
    assert {shot["transfer"]["badPieces"] for shot in shots} == {0}


def test_who_reloads_goes_on_from_the_pieces_it_had(file_room: FileRoom, tmp_path: Path) -> None:
    """[S19] [S22] Bo fetches only what was not held; ada, alone by then, still offers her song."""
    ada, bo = file_room.enter_together("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    path = make_noise(tmp_path / "noise.mp3", SLOW_BYTES)
    start = make_noise(tmp_path / "start.mp3", PIECE_BYTES, seed=2)
    ada.add_file(start)
    bo.wait_for_seeded(start.name)
    give_little(ada)
    ada.add_file(path)
    size_bytes = path.stat().st_size

    half = bo.wait_for(
        lambda shot: 2 * held_bytes(shot, path.name) >= size_bytes, "to hold half", LONG_WAIT_SEC
    )
    before_bytes = held_bytes(half, path.name)
    bo.reload()
    bo.join()
    assert bo.snapshot()["userId"] == half["userId"]
    shot = bo.wait_for(lambda seen: holds(seen, path.name), "to hold all", LONG_WAIT_SEC)
    refetched_bytes = shot["transfer"]["receivedBytes"]
    print(f"\nheld {before_bytes} of {size_bytes} before the reload, fetched {refetched_bytes} after it")
    assert refetched_bytes <= size_bytes - before_bytes

    bo.leave()
    ada.wait_for(lambda seen: len(seen["peers"]) == 1, "to be alone")
    ada.reload()
    ada.join()
    shot = ada.wait_for(
        lambda seen: holds(seen, path.name) and holds(seen, start.name), "to have her songs again"
    )
    assert {tuple(each["offeredBy"]) for each in shot["files"]} == {(shot["userId"],)}
    ada.leave()
    assert ada.page.evaluate("sessionStorage.length") == 0
    assert (ada.errors, bo.errors) == ([], [])


def test_who_does_not_keep_to_the_rules_is_passed_over_and_named(file_room: FileRoom, tmp_path: Path) -> None:
    """[S20] Three have the file and send it wrongly, or not at all; cy gets it from ada and names them."""
    ada, bo, di, ed, cy = file_room.sit_together("ada", "bo", "di", "ed", "cy")
    offenders = {bo: (OVERSIZED, DROPPED), di: (UNREQUESTED, DROPPED), ed: (NEVER, SILENT)}
    cy.page.add_init_script(_NOTE_NOTICES)
    path = make_noise(tmp_path / "noise.mp3", MIB)
    for device in offenders:
        device.page.add_init_script(KEEP_BULK_IN_PAGE)
    for device in (ada, *offenders):
        file_room.join(device)
    wait_for_all([ada, *offenders], has_peers(4), "to be linked")
    ada.add_file(path)
    wait_for_all([*offenders], lambda seen: holds(seen, path.name), "to hold the file")
    for device, (tamper, _) in offenders.items():
        device.page.evaluate(_TAMPER.replace("TAMPER", tamper), device is di)
    give_little(ada)

    file_room.join(cy)
    # Of two that are caught in one moment, only the words about the later one would be drawn.
    has_said(cy, DROPPED.format(re.escape(bo.snapshot()["name"])))
    di.page.evaluate("letGo()")
    shot = cy.wait_for(lambda seen: holds(seen, path.name), "to complete from ada", LONG_WAIT_SEC)
    assert shot["files"][0]["fileId"] == ada.snapshot()["files"][0]["fileId"]
    assert ada.snapshot()["transfer"]["sentBytes"] >= path.stat().st_size
    for device, (_, words) in offenders.items():
        has_said(cy, words.format(re.escape(device.snapshot()["name"])))
    assert cy.errors == []


def has_said(device: Device, words: str) -> None:
    """Waits until a notice of this kind has stood on the page at any time."""
    device.page.wait_for_function("(words) => noticesSeen.some((said) => said.match(words))", arg=words)


def held_bytes(shot: Snapshot, file_name: str) -> int:
    return sum(each["heldBytes"] for each in shot["files"] if each["name"] == file_name)
