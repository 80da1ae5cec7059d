"""What a member makes a headless peer keep ends somewhere, and an honest song still comes after it."""

from __future__ import annotations

import hashlib
import random

import pytest

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from tests.peer.test_peer_cores import ADA, BO, CY, Wire
from unisono.peer import ctl
from unisono.peer.constants.transfer import (
    CATALOG_PERIOD_MS,
    CTL_VERSION,
    LINK_DEAD_AFTER_MS,
    MAX_BANNED,
    MAX_CTL_CHARS,
    MAX_LISTED_FILES,
    MAX_WIRE_NAME_CHARS,
    REFUSAL_PAUSE_MS,
)
from unisono.peer.file_state import (
    MAX_KNOWN_FILES,
    STALLED_MS,
    Drop,
    Effect,
    Forget,
    SendCtl,
    SendPiece,
    Store,
)
from unisono.peer.known_files import LISTING_SLOTS, KnownFiles
from unisono.peer.manifest import Manifest, encode_bitfield, piece_length_of
from unisono.peer.remember import remember
from unisono.peer.transfer import Transfer


def song(salt: int, size_bytes: int = 70_000) -> bytes:
    return random.Random(salt).randbytes(size_bytes)


def entry(slot: int, file_id: str, size_bytes: int = 70_000, *, is_own: bool = False) -> ctl.ListedFile:
    piece_length = piece_length_of(size_bytes)
    return ctl.ListedFile(slot, file_id, "x.mp3", size_bytes, piece_length, is_own=is_own, is_whole=True)


def made_up(count: int, salt: int) -> list[ctl.ListedFile]:
    ids = (hashlib.sha256(f"{salt} {each}".encode()).hexdigest() for each in range(count))
    return [entry(slot, file_id) for slot, file_id in enumerate(ids)]


def greeted(core: Transfer, *peers: str) -> None:
    for peer in peers:
        core.link_opened(peer, 0)
        core.receive(peer, ctl.Hello(CTL_VERSION, ""), 0)


def sent(effects: list[Effect], kind: type[ctl.CtlMessage]) -> list[ctl.CtlMessage]:
    return [each.message for each in effects if isinstance(each, SendCtl) and isinstance(each.message, kind)]


def give(core: Transfer, peer: str, slot: int, content: bytes, *, is_last_kept: bool = True) -> list[Effect]:
    """A member lists one song, alone, and answers for it until it is held."""
    manifest = make_manifest(content)
    listed = entry(slot, manifest.file_id, len(content), is_own=True)
    effects = core.receive(peer, ctl.Catalog([listed]), 0)
    effects += core.receive(
        peer, ctl.ManifestMessage(manifest.file_id, len(content), manifest.encoded_hashes), 0
    )
    count = len(manifest.encoded_hashes) * 3 // 4 // 32
    effects += core.receive(peer, ctl.Have(manifest.file_id, []), 0)
    field = ctl.BitfieldMessage(manifest.file_id, all_of(count))
    effects += core.receive(peer, field, 0)
    for piece in range(count):
        begin = piece * piece_length_of(len(content))
        data = content[begin : begin + piece_length_of(len(content))]
        for at in range(0, len(data), 16_384):
            effects += core.receive_chunk(peer, ctl.Chunk(slot, piece, at, data[at : at + 16_384]), 0)
        if is_last_kept or piece < count - 1:
            effects += core.piece_kept(manifest.file_id, piece, 0)
    return effects


def all_of(count: int) -> str:
    return encode_bitfield(set(range(count)), count)


def test_four_hundred_catalogs_of_made_up_files_leave_slots_and_room_for_an_honest_song() -> None:
    """[S33] [S34] What is learned takes no slot, and no more is known than one catalog lists."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO, CY)
    for salt in range(400):
        core.receive(BO, ctl.Catalog(made_up(MAX_LISTED_FILES, salt)), salt * 1000)
        assert len(core.files) <= MAX_KNOWN_FILES
    effects = give(core, CY, 7, song(1))
    file_id = make_manifest(song(1)).file_id
    assert core.files[file_id].is_complete
    catalogs = sent(effects + core.tick(CATALOG_PERIOD_MS), ctl.Catalog)
    assert [each.slot for each in catalogs[-1].files if each.file_id == file_id] == [0]  # type: ignore[union-attr]
    assert not any(isinstance(each, Drop) for each in effects)


def test_after_the_last_slot_comes_one_that_is_free_again() -> None:
    """[S33] Life at the cap: who listed 65,536 files lists another, and its neighbour takes it."""
    wire = Wire()
    wire.cores[ADA]._known._next_slot = LISTING_SLOTS - 1
    first = wire.offer(song(1))
    second = wire.offer(song(2))
    wire.run(ADA, wire.cores[ADA].tick(CATALOG_PERIOD_MS))
    slots = [wire.cores[ADA].files[each.file_id].slot for each in (first, second)]
    assert slots == [LISTING_SLOTS - 1, 0]
    assert all(wire.cores[BO].files[each.file_id].is_complete for each in (first, second))
    assert wire.drops == []


def test_a_number_may_name_another_file_once_nothing_of_the_former_is_listed() -> None:
    """[S33] Never two of one catalog."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO)
    one, other = made_up(2, 1)
    again = entry(one.slot, other.file_id)
    for files in ([one], [], [again]):
        assert not any(isinstance(each, Drop) for each in core.receive(BO, ctl.Catalog(files), 0))
    [drop] = [each for each in core.receive(BO, ctl.Catalog([one, again]), 0) if isinstance(each, Drop)]
    assert drop.reason == "malformed"


def test_a_refused_piece_is_asked_for_again_after_a_pause() -> None:
    """[S31] Who could not give a piece for a moment is not passed over for ever."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO)
    manifest = make_manifest(song(1))
    core.receive(BO, ctl.Catalog([entry(0, manifest.file_id, is_own=True)]), 0)
    core.receive(BO, ctl.ManifestMessage(manifest.file_id, 70_000, manifest.encoded_hashes), 0)
    asked = core.receive(BO, ctl.BitfieldMessage(manifest.file_id, all_of(2)), 0)
    assert sent(asked, ctl.Request)
    refused = core.receive(BO, ctl.Reject(manifest.file_id, [0, 1]), 10)
    assert not sent(refused, ctl.Request)
    assert sent(core.tick(10 + REFUSAL_PAUSE_MS), ctl.Request)


@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("count", [1, 2])
def test_who_does_not_give_a_manifest_is_asked_again_after_pauses_that_grow(
    count: int, *, refuses: bool
) -> None:
    """[S31] Whoever refuses it, or never answers, though they list the file: not in circles."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO, CY)
    effects = [e for peer in (BO, CY)[:count] for e in core.receive(peer, ctl.Catalog(made_up(1, 1)), 0)]
    asked = 0
    for local_ms in range(0, 60_000, 100):
        while effects:
            effect = effects.pop()
            if isinstance(effect, SendCtl) and isinstance(effect.message, ctl.ManifestRequest):
                asked += 1
                refusal = ctl.Reject(effect.message.file_id, [])
                effects += core.receive(effect.peer, refusal, local_ms) if refuses else []
        effects = core.tick(local_ms)
    assert count < asked < count * 8


def test_who_takes_nothing_costs_nobody_else_a_turn_and_ends_as_a_broken_link() -> None:
    """[S9] [S31] A piece in the pipe that is never reported sent."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO, CY)
    manifest: Manifest = make_manifest(song(1))
    core.add_mine(manifest, "song.mp3", 0)
    core.receive(BO, ctl.Request(manifest.file_id, [0, 1]), 0)  # never reported sent
    waiting = core.receive(CY, ctl.Request(manifest.file_id, [0]), 0)
    assert not [each for each in waiting if isinstance(each, SendPiece)]
    given = core.tick(STALLED_MS)
    assert [each.peer for each in given if isinstance(each, SendPiece)] == [CY]
    core.piece_sent(CY, manifest.file_id, 0, STALLED_MS)
    [drop] = [each for each in core.tick(LINK_DEAD_AFTER_MS + 1) if isinstance(each, Drop)]
    assert (drop.peer, drop.reason, drop.is_for_good) == (BO, "silent", False)


def test_a_slow_uplink_begins_no_more_than_it_can_send_soon() -> None:
    """[S9] Two pieces take 13 s of this one; three times as long, and they wait for their receiver."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    core.pace_bytes_per_sec = 10_000
    greeted(core, BO, CY)
    manifest: Manifest = make_manifest(song(1))
    core.add_mine(manifest, "song.mp3", 0)
    core.receive(BO, ctl.Request(manifest.file_id, [0, 1]), 0)
    core.receive(CY, ctl.Request(manifest.file_id, [0]), 0)
    assert not [each for each in core.tick(2 * 13_107) if isinstance(each, SendPiece)]
    assert [each.peer for each in core.tick(3 * 13_108) if isinstance(each, SendPiece)] == [CY]


def test_the_chosen_song_has_room_made_for_it_and_what_made_way_is_not_listed_any_more() -> None:
    """[S35] What is mine never makes way; what would not be enough does not either."""
    core = Transfer(ADA, Dice(1), 180_000, lambda _: True)
    greeted(core, BO, CY)
    give(core, BO, 0, song(1))
    mine = make_manifest(song(9, 70_000))
    core.add_mine(mine, "mine.mp3", 0)
    first = make_manifest(song(1)).file_id
    chosen = make_manifest(song(2)).file_id
    core.prefer(chosen, 0)
    effects = give(core, CY, 0, song(2))
    assert core.files[chosen].is_complete
    assert [each.file_id for each in effects if isinstance(each, Forget)] == [first]
    assert not core.files[first].held
    assert core.files[mine.file_id].is_complete
    [*_, last] = sent(effects + core.tick(CATALOG_PERIOD_MS), ctl.Catalog)
    assert {each.file_id for each in last.files} == {mine.file_id, chosen}  # type: ignore[union-attr]
    assert [each.piece for each in effects if isinstance(each, Store)] == [0, 1]
    core.prefer(make_manifest(song(3, 150_000)).file_id, 0)
    assert not any(isinstance(each, Forget) for each in give(core, CY, 1, song(3, 150_000)))


def test_annotations_of_files_that_nobody_knows_are_not_kept() -> None:
    """[S34] Nor more than one annotation a file, whoever sends others."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO)
    for number in range(300):
        core.receive(BO, ctl.Annotation(hashlib.sha256(bytes([number % 256])).hexdigest(), "AAAA"), number)
    assert core._neighbours[BO].annotations == {}


def test_what_is_still_being_written_of_a_song_that_makes_way_is_not_listed() -> None:
    """[S35] Its file is deleted behind it."""
    core = Transfer(ADA, Dice(1), 100_000, lambda _: True)
    greeted(core, BO, CY)
    give(core, BO, 0, song(1), is_last_kept=False)
    first, chosen = (make_manifest(song(salt)).file_id for salt in (1, 2))
    core.receive(CY, ctl.Catalog([entry(0, chosen, is_own=True)]), 0)
    assert (core.files[first].held, core.files[first].storing) == ({0}, {1})
    assert Forget(first) in core.prefer(chosen, 0)
    assert not sent(core.piece_kept(first, 1, 0), ctl.Catalog)
    assert core.files[first].held == set()


def test_who_was_to_get_a_piece_of_a_song_that_made_way_is_refused_and_not_kept_waiting() -> None:
    """[S31] [S35] The piece was handed out a moment before, and is not there to be read."""
    core = Transfer(ADA, Dice(1), 100_000, lambda _: True)
    greeted(core, BO, CY)
    give(core, BO, 0, song(1))
    first, chosen = (make_manifest(song(salt)).file_id for salt in (1, 2))
    assert any(isinstance(each, SendPiece) for each in core.receive(CY, ctl.Request(first, [0]), 0))
    core.receive(BO, ctl.Catalog([]), 0)
    core.receive(BO, ctl.Catalog([entry(1, chosen, is_own=True)]), 0)
    core.prefer(chosen, 0)
    core.receive(CY, ctl.Catalog([]), 0)
    assert first not in core.files
    assert sent(core.piece_lost(first, 0, 0), ctl.Reject) == [ctl.Reject(first, [0])]
    assert not any(isinstance(each, Drop) for each in core.tick(LINK_DEAD_AFTER_MS + 1))


def test_who_is_banned_is_remembered_among_the_latest_thousand_and_the_next_one_still_is() -> None:
    banned: dict[str, None] = {}
    for who in range(5_000):
        remember(banned, str(who), None, MAX_BANNED)
    remember(banned, "4000", None, MAX_BANNED)
    remember(banned, "5000", None, MAX_BANNED)
    assert len(banned) == MAX_BANNED
    assert [who in banned for who in ("3976", "3977", "4000", "5000")] == [False, True, True, True]


def test_a_catalog_fits_one_message_whatever_the_files_are_called() -> None:
    """[S34] Names are cleaned before they are told on, and a page counts their characters in UTF-16."""
    names = ['"' * 512, "\\" * 512, "😀" * 300, "\x01" * 512]
    ada = Transfer(ADA, Dice(1), 2**40, lambda _: True)
    known = KnownFiles(ADA, {}, 2**40)
    for number in range(MAX_LISTED_FILES):
        file = known.learn(f"{number:064x}", 40, names[number % len(names)])
        file.held = {0}
        ada._known.by_id[file.file_id] = file
        assert len(file.name.encode("utf-16-le")) // 2 <= MAX_WIRE_NAME_CHARS
    ada.link_opened(BO, 0)
    [catalog] = sent(ada.receive(BO, ctl.Hello(CTL_VERSION, ""), 0), ctl.Catalog)
    assert isinstance(catalog, ctl.Catalog)
    assert len(catalog.files) > 100
    assert len(ctl.encode_ctl(catalog, ctl.MAX_U32).encode("utf-16-le")) // 2 <= MAX_CTL_CHARS


def test_a_catalog_is_not_sent_for_every_one_of_many_small_files() -> None:
    """[S34] The whole list each time would look like a flood, and its sender would be parted with."""
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    greeted(core, BO)
    counts: list[int] = []
    for number in range(100):
        manifest = make_manifest(song(number, 40))
        file = core._known.learn(manifest.file_id, 40, "x" * 120)
        file.manifest, file.storing = manifest, {0}
        effects = core.piece_kept(manifest.file_id, 0, 10.0 * number)
        counts += [len(catalog.files) for catalog in sent(effects, ctl.Catalog)]  # type: ignore[union-attr]
    assert counts == [1, 51]
    counts += [len(each.files) for each in sent(core.tick(2 * CATALOG_PERIOD_MS), ctl.Catalog)]  # type: ignore[union-attr]
    assert counts == [1, 51, 100]
    assert not sent(core.tick(3 * CATALOG_PERIOD_MS), ctl.Catalog)


def test_a_song_that_made_way_and_comes_again_before_the_next_catalog_is_told_anew() -> None:
    """[S35] Its former pieces are gone: a neighbour that still counted on them would ask in vain."""
    core = Transfer(ADA, Dice(1), 100_000, lambda _: True)
    greeted(core, BO, CY)
    give(core, BO, 0, song(1))
    first, chosen = (make_manifest(song(salt)).file_id for salt in (1, 2))
    core.tick(CATALOG_PERIOD_MS)
    core.receive(CY, ctl.Catalog([entry(0, chosen, is_own=True)]), CATALOG_PERIOD_MS)
    core.prefer(chosen, CATALOG_PERIOD_MS)
    assert core.files[first].held == set()
    effects = core.receive(CY, ctl.Request(first, [0]), CATALOG_PERIOD_MS)
    assert sent(effects, ctl.Reject) == [ctl.Reject(first, [0])]
    core.prefer(first, CATALOG_PERIOD_MS)
    core.files[first].held.add(1)
    effects = core.tick(2 * CATALOG_PERIOD_MS)
    assert {each.pieces for each in sent(effects, ctl.BitfieldMessage) if each.file_id == first} == {  # type: ignore[union-attr]
        encode_bitfield({1}, 2)
    }
