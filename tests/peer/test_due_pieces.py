"""A headless peer fetches first what is due, passes sound indexes on, and says which bytes it has."""

from __future__ import annotations

import msgspec
import pytest

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from tests.peer.test_peer_cores import ADA, BO, CY, Wire
from unisono.peer import ctl
from unisono.peer.constants.transfer import (
    CTL_VERSION,
    MAX_INDEX_BYTES,
    MAX_URGENT_PIECES,
    URGENT_SECOND_REQUEST_MS,
    URGENT_TURN_MS,
)
from unisono.peer.encoding import encode_base64url
from unisono.peer.file_state import Drop, Effect, SendCtl, SendPiece
from unisono.peer.manifest import encode_bitfield, piece_length_of
from unisono.peer.transfer import Transfer
from unisono.peer.urgency import MAX_FILES, Urgency


@pytest.fixture
def content() -> bytes:
    """Twelve pieces, the last one short."""
    return bytes(range(256)) * (11 * 256) + bytes(100)


def greeted(me: str, content: bytes, *sources: str, whole: str | None = None) -> tuple[Transfer, str]:
    """A core that knows one file, which `sources` show all of, and `whole` nothing of though it has all."""
    core, manifest = Transfer(me, Dice(1), 2**30, lambda _: True), make_manifest(content)
    size_bytes = len(content)
    listed = ctl.ListedFile(
        0, manifest.file_id, "song.mp3", size_bytes, piece_length_of(size_bytes), is_own=False, is_whole=False
    )
    for peer in (*sources, *([whole] if whole else [])):
        core.link_opened(peer, 0)
        core.receive(peer, ctl.Hello(CTL_VERSION, ""), 0)
        core.receive(peer, ctl.Catalog([msgspec.structs.replace(listed, is_whole=peer == whole)]), 0)
        core.receive(peer, ctl.ManifestMessage(manifest.file_id, size_bytes, manifest.encoded_hashes), 0)
    return core, manifest.file_id


def shows(core: Transfer, peer: str, file_id: str, pieces: set[int]) -> list[Effect]:
    return core.receive(peer, ctl.BitfieldMessage(file_id, encode_bitfield(pieces, 12)), 0)


def requests(effects: list[Effect]) -> list[tuple[str, list[int], bool]]:
    return [
        (each.peer, each.message.pieces, each.message.is_due)
        for each in effects
        if isinstance(each, SendCtl) and isinstance(each.message, ctl.Request)
    ]


def test_the_sound_index_of_a_file_travels_beside_its_annotation_and_the_smaller_stays(
    content: bytes,
) -> None:
    """[S44] Also to one who comes later, and apart from the annotation."""
    wire = Wire()
    file_id = wire.offer(content).file_id
    wire.run(ADA, wire.cores[ADA].set_annotation(file_id, b"mine", 0))
    wire.run(ADA, wire.cores[ADA].set_annotation(file_id, b"index 2", 0, "index"))
    wire.run(BO, wire.cores[BO].set_annotation(file_id, b"index 1", 0, "index"))
    for name in (ADA, BO, ADA, BO):
        wire.run(name, wire.cores[name].tick(100))
    files = [wire.cores[name].files[file_id] for name in (ADA, BO)]
    assert [(file.annotation, file.index) for file in files] == [(b"mine", b"index 1")] * 2
    for size_bytes in (0, MAX_INDEX_BYTES + 1):
        with pytest.raises(ValueError, match="index of"):
            wire.cores[BO].set_annotation(file_id, bytes(size_bytes), 0, "index")
    assert wire.drops == []


@pytest.mark.parametrize("index", [b"", bytes(MAX_INDEX_BYTES + 1), b"nonsense"])
def test_an_index_that_makes_no_sense_ends_the_link_it_came_from(index: bytes) -> None:
    """[S44] And one as large as it may be fits a control message."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True, lambda index: index != b"nonsense")
    core.link_opened(BO, 0)
    core.receive(BO, ctl.Hello(CTL_VERSION, ""), 0)
    effects = core.receive(BO, ctl.Index("f" * 64, encode_base64url(index)), 0)
    assert [each.reason for each in effects if isinstance(each, Drop)] == ["malformed"]
    longest = ctl.Index("f" * 64, encode_base64url(bytes(MAX_INDEX_BYTES)))
    assert ctl.CtlInbox().take(ctl.encode_ctl(longest, 0), 0) == [longest]


def test_what_is_due_is_asked_for_first_and_in_its_order(content: bytes) -> None:
    """[S45] Of who owes least; who is late is asked once to let go of it."""
    core, file_id = greeted(CY, content, ADA, BO)
    core.set_urgent(file_id, [7, 3, 9, 99], 0)
    shows(core, ADA, file_id, {3, 7})
    effects = shows(core, BO, file_id, set(range(12)))
    assert core.files[file_id].in_flight[7] == ADA
    assert core.files[file_id].in_flight[3] == ADA
    first, *_ = requests(effects)
    assert first == (BO, [9], True)
    later = core.tick(URGENT_SECOND_REQUEST_MS)
    assert requests(later)[0] == (BO, [7, 3], True)
    cancels = [
        each.message for each in later if isinstance(each, SendCtl) and isinstance(each.message, ctl.Cancel)
    ]
    assert cancels == [ctl.Cancel(file_id, [7]), ctl.Cancel(file_id, [3])]
    assert requests(core.tick(2 * URGENT_SECOND_REQUEST_MS)) == []
    assert core.set_urgent(file_id, [7, 3, 9, 99], 0) == []


def test_of_what_a_sole_holder_has_not_shown_each_piece_is_asked_for_by_one_listener(content: bytes) -> None:
    """[S46] By its place among the user ids; by the next where it has not come."""
    asked = []
    for me, other in ((ADA, BO), (BO, ADA)):
        core, file_id = greeted(me, content, other, whole=CY)
        core.set_urgent(file_id, [0, 1, 2, 3], 0)
        asked.append(requests(shows(core, CY, file_id, set())))
        assert requests(core.tick(URGENT_TURN_MS)) == [(CY, [1 if me == ADA else 0], True)]
    assert asked == [[(CY, [0, 2], True)], [(CY, [1, 3], True)]]


def test_what_is_due_goes_within_its_link_before_the_rest(content: bytes) -> None:
    """[S47]"""
    core, file_id = greeted(ADA, content, BO)
    core.add_mine(make_manifest(content), "song.mp3", 1_000)
    core.receive(BO, ctl.Request(file_id, [1, 2, 3, 4]), 1_000)
    core.receive(BO, ctl.Request(file_id, [9, 8], is_due=True), 1_000)
    given = []
    for piece in (1, 2, 9, 8):
        given += [
            each.piece for each in core.piece_sent(BO, file_id, piece, 1_000) if isinstance(each, SendPiece)
        ]
    assert given == [9, 8, 3, 4]
    assert core._neighbours[BO].due == set()


def test_bytes_are_held_when_all_their_pieces_are_written(content: bytes) -> None:
    """[S48] Of a file that is not whole too."""
    core, file_id = greeted(CY, content, ADA)
    file = core.files[file_id]
    file.held = {0, 1, 11}
    third = 2 * 65_536
    assert [file.holds(*each) for each in ((0, third), (60_000, third + 1), (third, third))] == [
        True,
        False,
        True,
    ]
    size_bytes = len(content)
    assert [file.holds(size_bytes - 100, size_bytes), file.holds(size_bytes, size_bytes + 1)] == [True, False]


def test_only_so_much_can_be_due() -> None:
    """[S45] However much the application says."""
    urgency = Urgency()
    for number in range(2 * MAX_FILES):
        assert urgency.set(f"{number}", range(1_000))
    assert [urgency.of(f"{number}") is not None for number in range(2 * MAX_FILES)] == (
        MAX_FILES * [False] + MAX_FILES * [True]
    )
    due = urgency.of(f"{MAX_FILES}")
    assert due is not None
    assert len(due.pieces) == MAX_URGENT_PIECES
    assert urgency.set(f"{MAX_FILES}", [])
    assert urgency.of(f"{MAX_FILES}") is None
