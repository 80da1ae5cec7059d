"""Many songs on a headless peer that holds a few: what is needed comes, what has played goes."""

from __future__ import annotations

import pytest

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from tests.peer.test_peer_cores import ADA, BO, Wire
from unisono.peer import ctl
from unisono.peer.constants.transfer import CATALOG_PERIOD_MS, CTL_VERSION, MAX_FILE_BYTES, MAX_PIECES
from unisono.peer.downloads import MAX_LIVE_BYTES
from unisono.peer.file_state import SendCtl
from unisono.peer.known_files import keeper_rank
from unisono.peer.manifest import Manifest, encode_bitfield, piece_count_of, piece_length_of, piece_size_of
from unisono.peer.transfer import Transfer

SONG_BYTES = 70_000
ROOM_BYTES = 3 * SONG_BYTES + 1_000


def song(number: int) -> bytes:
    return bytes([number]) * SONG_BYTES


def evening(count: int) -> tuple[Wire, list[str]]:
    """Bo has room for three songs; ada offers as many as there are, as if several people did."""
    wire = Wire()
    wire.cores[BO].set_capacity(ROOM_BYTES)
    manifests = [make_manifest(song(number)) for number in range(count)]
    ids = [manifest.file_id for manifest in manifests]
    play_at(wire, ids, 0)
    for number, manifest in enumerate(manifests):
        wire.content[manifest.file_id] = song(number)
        wire.run(ADA, wire.cores[ADA].add_mine(manifest, f"{number}.mp3", 0))
        wire.cores[ADA].files[manifest.file_id].is_mine = False
    wire.run(ADA, wire.cores[ADA].tick(CATALOG_PERIOD_MS))
    return wire, ids


def play_at(wire: Wire, ids: list[str], at: int) -> None:
    core = wire.cores[BO]
    wire.run(BO, core.prefer(ids[at], 0))
    wire.run(BO, core.set_needs(ids[at + 1 :], ids[:at], 0))


def held_by(wire: Wire, name: str, ids: list[str]) -> list[int]:
    files = wire.cores[name].files
    return [at for at, file_id in enumerate(ids) if file_id in files and files[file_id].is_complete]


def test_ten_songs_play_where_three_have_room_and_those_that_have_played_go() -> None:
    """[S50] Each is whole before it plays; one that is wanted again comes back."""
    wire, ids = evening(10)
    # Of what both hold bo is never the one who keeps it, for the sake of this test.
    ids_kept = [file_id for file_id in ids if keeper_rank(file_id, BO) > keeper_rank(file_id, ADA)]
    for file_id in ids_kept:
        wire.cores[ADA].files[file_id].is_mine = True
    wire.cores[ADA]._is_catalog_stale = True
    wire.run(ADA, wire.cores[ADA].tick(3 * CATALOG_PERIOD_MS))
    for at in range(10):
        play_at(wire, ids, at)
        first = min(at, 7)
        assert held_by(wire, BO, ids) == [first, first + 1, first + 2]
        assert not wire.cores[BO].has_no_room_for(ids[at], 0)
    assert held_by(wire, ADA, ids) == list(range(10))
    play_at(wire, [ids[9], ids[0], ids[4]], 0)
    assert held_by(wire, BO, ids) == [0, 4, 9]
    assert wire.drops == []


def test_what_only_this_peer_keeps_goes_for_nothing_that_is_merely_needed() -> None:
    """[S51] Who has left does not keep it; for the song that is chosen it goes all the same."""
    wire, ids = evening(4)
    core = wire.cores[BO]
    wire.run(ADA, [])
    core.receive(ADA, ctl.Catalog([]), 0)
    listed = ctl.ListedFile(
        7, ids[3], "3.mp3", SONG_BYTES, piece_length_of(SONG_BYTES), is_own=True, is_whole=True
    )
    core.receive(ADA, ctl.Catalog([listed]), 0)
    core.prefer(ids[2], 0)
    core.set_needs([ids[3]], ids[:2], 0)
    assert held_by(wire, BO, ids) == [0, 1, 2]
    assert core.has_no_room_for(ids[3], 0)
    core.prefer(ids[3], 0)
    assert held_by(wire, BO, ids) == [1, 2]


def test_one_of_those_who_hold_a_song_keeps_it_and_which_one_is_told_by_its_id() -> None:
    """[S51] The same on every device: these two are reckoned in the page's test, too."""
    assert keeper_rank("ab" * 32, "0" * 32) == 1_845_028_485
    assert keeper_rank("cd" * 32, "f" * 32) == 1_659_684_165


def test_half_received_pieces_of_the_largest_files_are_bounded_whoever_many_give() -> None:
    """[S49] Eight sources of pieces of 4 MiB."""
    core = Transfer(BO, Dice(1), 2 * MAX_FILE_BYTES, lambda _: True)
    manifest = Manifest(MAX_FILE_BYTES, bytes(32 * MAX_PIECES))
    count = piece_count_of(MAX_FILE_BYTES)
    assert (count, piece_length_of(MAX_FILE_BYTES)) == (MAX_PIECES, 4 * 1024**2)
    entry = ctl.ListedFile(
        0, manifest.file_id, "x.wav", MAX_FILE_BYTES, 4 * 1024**2, is_own=False, is_whole=True
    )
    asked = []
    for peer in (f"{number:032x}" for number in range(8)):
        core.link_opened(peer, 0)
        core.receive(peer, ctl.Hello(CTL_VERSION, ""), 0)
        core.receive(peer, ctl.Catalog([entry]), 0)
        core.receive(peer, ctl.ManifestMessage(manifest.file_id, MAX_FILE_BYTES, manifest.encoded_hashes), 0)
        field = encode_bitfield(set(range(count)), count)
        asked += core.receive(peer, ctl.BitfieldMessage(manifest.file_id, field), 0)
    asked += core.set_urgent(manifest.file_id, list(range(1000, count)), 0)
    pieces = [
        piece
        for each in asked
        if isinstance(each, SendCtl) and isinstance(each.message, ctl.Request)
        for piece in each.message.pieces
    ]
    assert 0 < sum(piece_size_of(MAX_FILE_BYTES, piece) for piece in pieces) <= MAX_LIVE_BYTES


@pytest.mark.parametrize(
    ("size_bytes", "length"),
    [
        (2**29, 2**19),
        (2**29 + 1, 2**20),
        (2**30, 2**20),
        (2**31 - 1, 2**21),
        (2**31 + 1, 2**22),
        (MAX_FILE_BYTES, 2**22),
    ],
)
def test_large_files_are_cut_as_the_page_cuts_them(size_bytes: int, length: int) -> None:
    """[S49]"""
    assert piece_length_of(size_bytes) == length
    assert sum(piece_size_of(size_bytes, piece) for piece in range(piece_count_of(size_bytes))) == size_bytes
