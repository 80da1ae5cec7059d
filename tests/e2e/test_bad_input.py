"""What goes wrong is said in words, harms nobody else, and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import wait_for_all
from lab.file_room import KEEP_BULK_IN_PAGE, give_as_usual, give_little
from lab.rig.song import Song, make_empty, make_non_audio, make_short_variants
from lab.room import Room, has_peers
from unisono.peer.constants.transfer import MAX_OWN_FILES

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

# Every fourth bulk message leaves this page with one byte changed (the payload begins after 12 bytes).
LIE_IN_PIECES = """
(() => {
  const send = RTCDataChannel.prototype.send;
  let sent = 0;
  RTCDataChannel.prototype.send = function (data) {
    if (this.label === "bulk" && typeof data !== "string") {
      const bytes = new Uint8Array(data instanceof ArrayBuffer ? data.slice(0) : data.buffer.slice(
        data.byteOffset, data.byteOffset + data.byteLength));
      if (++sent % 4 === 1) bytes[12 + 100] ^= 0xff;
      return send.call(this, bytes.buffer);
    }
    return send.call(this, data);
  };
})();
"""


def test_a_corrupted_piece_is_refused_named_and_fetched_elsewhere(
    open_room: Callable[..., Room], song: Song
) -> None:
    """Bo lies about pieces; cy notices, says who it was, and has the true song all the same."""
    room = open_room(3)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script(KEEP_BULK_IN_PAGE + LIE_IN_PIECES)
    bo.open(room.link)
    bo.join()
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    room.share(ada, song.path)
    bo_name = bo.snapshot()["name"]

    give_little(ada)  # or cy may have all of the song from ada before it is linked with bo
    [cy] = room.enter("cy")
    shot = cy.wait_for(lambda seen: seen["transfer"]["badPieces"] > 0, "to notice a bad piece")
    give_as_usual(ada)
    expect(cy.page.get_by_text(bo_name).first).to_be_visible()
    expect(cy.page.locator("body")).to_contain_text("damaged")
    shot = cy.wait_for_seeded(song.path.name)

    # The file id is the hash of all piece hashes, and every kept piece matched its own: held means true.
    assert shot["files"][0]["fileId"] == ada.snapshot()["files"][0]["fileId"]
    assert shot["transfer"]["badPieces"] >= 1


def test_files_that_are_no_music_get_clear_words(open_room: Callable[..., Room], tmp_path: Path) -> None:
    """A text, an empty file and an eleventh song are refused with their names; ten songs stay."""
    room = open_room(1)
    [ada] = room.enter("ada")
    songs = list(make_short_variants(tmp_path).values())

    text = make_non_audio(tmp_path)
    ada.add_file(text)
    expect(ada.page.locator("body")).to_contain_text(text.name)
    assert ada.snapshot()["files"] == []

    empty = make_empty(tmp_path)
    ada.add_file(empty)
    expect(ada.page.locator("body")).to_contain_text(empty.name)
    assert ada.snapshot()["files"] == []

    for number in range(MAX_OWN_FILES):
        path = tmp_path / f"Song {number}{songs[0].suffix}"
        path.write_bytes(songs[0].read_bytes() + bytes(number + 1))
        ada.add_file(path)
        ada.wait_for_seeded(path.name)
    too_many = tmp_path / ("Eleventh" + songs[0].suffix)
    too_many.write_bytes(songs[0].read_bytes() + b"\1")
    ada.add_file(too_many)
    expect(ada.page.locator("body")).to_contain_text(too_many.name)
    assert [each["name"] for each in ada.snapshot()["files"]].count(too_many.name) == 0
    assert len(ada.snapshot()["files"]) == MAX_OWN_FILES
    assert ada.errors == []


def test_a_wrong_key_leads_to_an_empty_swarm_not_to_an_error(open_room: Callable[..., Room]) -> None:
    """Cy mistypes the key and is alone in a swarm of that key; ada and bo do not see cy."""
    room = open_room(3)
    ada, bo = room.enter("ada", "bo")
    cy = room.sit("cy")
    cy.open()
    cy.enter_key("a different key altogether")
    cy.join()
    cy.wait_for(lambda shot: shot["director"]["isMe"], "to direct a swarm of one")
    assert len(cy.snapshot()["peers"]) == 1
    assert len(ada.snapshot()["peers"]) == 2
    assert (ada.errors, bo.errors, cy.errors) == ([], [], [])


def test_who_leaves_is_gone_at_once_and_the_last_ends_the_swarm(open_room: Callable[..., Room]) -> None:
    """Leave needs no grace; whoever comes later starts anew."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    bo.leave()
    ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to be alone again")
    term = ada.snapshot()["director"]["term"]
    ada.leave()
    bo.open(room.link)
    bo.join()
    shot = bo.wait_for(lambda seen: seen["director"]["isMe"], "to direct")
    assert shot["director"]["term"] == 1 <= term
    assert shot["files"] == []


def test_director_hands_over_and_takes_back(open_room: Callable[..., Room]) -> None:
    """Take over, Resign: always one director, the same for everybody."""
    room = open_room(3)
    ada, bo, cy = room.enter("ada", "bo", "cy")
    wait_for_all([ada], lambda shot: shot["director"]["isMe"], "to direct")
    for act, heir in ((bo.take_over, bo), (bo.resign, None)):
        term = ada.snapshot()["director"]["term"]
        act()

        def is_settled(shot: dict[str, object], term: int = term) -> bool:
            director = shot["director"]
            assert isinstance(director, dict)
            return director["term"] > term and director["userId"] is not None

        shots = wait_for_all([ada, bo, cy], is_settled, "to agree on the next director")
        assert len({shot["director"]["userId"] for shot in shots}) == 1
        if heir is not None:
            assert shots[0]["director"]["userId"] == heir.snapshot()["userId"]
        else:
            assert shots[0]["director"]["userId"] != bo.snapshot()["userId"]
