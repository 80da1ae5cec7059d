"""A headless peer takes no drafts, gives what was asked for before it was due, and lists files alone."""

from __future__ import annotations

import msgspec

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from tests.peer.test_peer_cores import ADA, BO, CY
from unisono.peer import ctl
from unisono.peer.constants.transfer import CTL_VERSION
from unisono.peer.draft import draft_id_of
from unisono.peer.file_state import Drop, Effect, SendCtl, SendPiece
from unisono.peer.manifest import encode_bitfield, piece_length_of
from unisono.peer.transfer import Transfer

NONCE = "AAAAAAAAAAAAAAAAAAAAAA"


def greeted() -> Transfer:
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    core.link_opened(BO, 0)
    core.receive(BO, ctl.Hello(CTL_VERSION, ""), 0)
    return core


def listed(slot: int, file_id: str, size_bytes: int) -> ctl.ListedFile:
    piece_length = piece_length_of(size_bytes)
    return ctl.ListedFile(slot, file_id, "song.mp3", size_bytes, piece_length, is_own=True, is_whole=False)


def test_a_draft_is_ignored_and_the_file_that_it_becomes_is_taken() -> None:
    """[S55] Whatever is said of it meanwhile."""
    core = greeted()
    size_bytes = 9 * 2**20
    draft = msgspec.structs.replace(listed(0, "d" * 64, size_bytes), draft=NONCE)
    for message in (
        ctl.Catalog([draft]),
        ctl.BitfieldMessage("d" * 64, encode_bitfield({0}, 72)),
        ctl.Draft("d" * 64, 0, "A" * 43),
        ctl.Have("d" * 64, [1]),
    ):
        assert core.receive(BO, message, 0) == []
    assert core.files == {}
    effects = core.receive(BO, ctl.Catalog([listed(0, "f" * 64, size_bytes)]), 0)
    assert [each.message for each in effects if isinstance(each, SendCtl)] == [ctl.ManifestRequest("f" * 64)]
    assert not any(isinstance(each, Drop) for each in effects)


def test_no_manifest_is_asked_for_an_id_that_is_proven_to_be_a_draft() -> None:
    """[S55] Whoever lists it as a file: before its owner lists the draft, or after."""
    size_bytes = 9 * 2**20
    draft_id = draft_id_of(BO, size_bytes, NONCE)
    draft = msgspec.structs.replace(listed(0, draft_id, size_bytes), draft=NONCE)
    as_file = msgspec.structs.replace(listed(0, draft_id, size_bytes), is_own=False)
    core = greeted()
    core.link_opened(CY, 0)
    core.receive(CY, ctl.Hello(CTL_VERSION, ""), 0)
    assert core.receive(CY, ctl.Catalog([as_file]), 0) != []  # nobody has said yet that there is a draft
    core.receive(BO, ctl.Catalog([draft]), 0)
    assert core.files == {}
    assert core.receive(CY, ctl.Catalog([as_file]), 0) == []
    assert [effect for ms in range(0, 60_000, 1_000) for effect in core.tick(ms) if is_asking(effect)] == []
    # Without its proof a draft's id is any id, and another's draft proves nothing.
    core.receive(BO, ctl.Catalog([msgspec.structs.replace(draft, draft="A" * 21 + "Q")]), 60_000)
    assert any(is_asking(effect) for effect in core.receive(CY, ctl.Catalog([as_file]), 60_000))


def is_asking(effect: Effect) -> bool:
    return isinstance(effect, SendCtl) and isinstance(effect.message, ctl.ManifestRequest)


def test_the_id_of_a_draft_is_the_same_as_in_a_page() -> None:
    """[S52] web/src/transfer/core/drafts.test.ts expects the same of a page."""
    assert (
        draft_id_of("a" * 32, 8 * 2**20, NONCE)
        == "80ba32716634d32c0e85bb11de976b4090c47e888efc6e3033097d1d41915361"
    )


def test_a_draft_is_said_by_one_word_in_a_catalog_and_by_none_where_there_is_none() -> None:
    """[S55] So that a listed file is as long as before."""
    entry = listed(0, "f" * 64, 9 * 2**20)
    assert b"draft" not in msgspec.json.encode(entry)
    draft = msgspec.structs.replace(entry, draft=NONCE)
    assert ctl.CtlInbox().take(ctl.encode_ctl(ctl.Catalog([draft]), 0), 0) == [ctl.Catalog([draft])]


def test_what_was_asked_for_before_it_was_due_is_given_first_once_it_is() -> None:
    """[S47] And what nobody asked for is not given because somebody calls it due."""
    content = bytes(range(256)) * 256 * 12
    core, manifest = greeted(), make_manifest(content)
    core.add_mine(manifest, "song.mp3", 0)
    given = core.receive(BO, ctl.Request(manifest.file_id, [0, 1, 2, 3, 4, 5]), 0)
    first = [each.piece for each in given if isinstance(each, SendPiece)]
    core.receive(BO, ctl.Due(manifest.file_id, [5, 9]), 0)
    given = core.piece_sent(BO, manifest.file_id, first[0], 0)
    assert next(each.piece for each in given if isinstance(each, SendPiece)) == 5
