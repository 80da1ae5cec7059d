"""The pure cores of a headless peer, told the time: who directs, who gives which piece, what sounds where."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from unisono.peer import ctl
from unisono.peer.constants.transfer import CTL_CHAR_BURST, CTL_VERSION, MAX_CTL_CHARS, MAX_OWN_FILES
from unisono.peer.director import Candidate, Director
from unisono.peer.errors import FileError
from unisono.peer.file_state import Drop, Effect, SendCtl, SendPiece, Store
from unisono.peer.lane import Lane, interpolate
from unisono.peer.link import fingerprints_in, with_one_fingerprint
from unisono.peer.manifest import Manifest, piece_length_of
from unisono.peer.offset import OffsetEstimate
from unisono.peer.output_clock import OutputClock
from unisono.peer.outputs import Outputs
from unisono.peer.own_status import error_uncertainty_ms
from unisono.peer.plan import Heartbeat, Plan, Record
from unisono.peer.plan_policy import OwnEnd, Readiness, next_plan, prepared, start_lead_ms
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.queue import Queue
from unisono.peer.render import OUTPUT_RATE_HZ, Place, render_block
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound, Sound
from unisono.peer.transfer import Transfer

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32
RATE_HZ = 48_000


def noise(seconds: float, seed: int = 4) -> Sound:
    """Smoothed, as any sound that went through an encoder; loudest in its middle."""
    frames = int(seconds * RATE_HZ)
    raw = np.random.default_rng(seed).normal(0, 0.1, size=(2, frames))
    raw[:, frames // 2 : frames // 2 + RATE_HZ // 2] *= 3
    return np.asarray((raw + np.roll(raw, 1, axis=1) + np.roll(raw, -1, axis=1)) / 3, dtype=np.float32)


# --- who directs --------------------------------------------------------------------------------------------


def sees(user_id: str, *, is_visible: bool = True) -> Candidate:
    return Candidate(user_id, is_visible, is_away=False)


def test_who_is_alone_directs_at_once_and_makes_way_for_somebody_who_looks() -> None:
    ada = Director(ADA)
    ada.attach([], is_new_server=True, local_ms=0)
    assert ada.is_me
    ada.set_candidates([sees(BO, is_visible=False)], 1_000)
    assert ada.make_way(1_000) is None
    ada.set_candidates([sees(BO)], 2_000)
    resigned = ada.make_way(2_000)
    assert resigned is not None
    assert resigned.record.is_resigned
    claim = Heartbeat(Record(2, BO), resigned.plan)
    assert ada.receive_heartbeat(BO, claim, 2_100) is None
    assert ada.director_id == BO


def test_who_joins_others_follows_and_claims_only_after_all_who_look() -> None:
    ada = Director(ADA)
    ada.attach([sees(BO), sees(CY, is_visible=False)], is_new_server=True, local_ms=0)
    ada.receive_heartbeat(BO, Heartbeat(Record(1, BO), Plan(term=1, rev=4)), 100)
    assert ada.director_id == BO
    assert ada.member_left(BO, 500) is not None  # of two who are hidden, the lower user id
    assert ada.is_me
    assert ada.plan.rev == 4  # failover is silent


def test_a_plan_is_written_by_the_director_alone() -> None:
    ada = Director(ADA)
    ada.attach([], is_new_server=True, local_ms=0)
    heartbeat = ada.change_plan(prepared(Plan(), "e" * 16, "f" * 64, "north"), 10)
    assert heartbeat is not None
    assert (heartbeat.plan.state, heartbeat.plan.term, heartbeat.plan.rev) == ("preparing", 1, 1)
    ada.receive_heartbeat(BO, Heartbeat(Record(2, BO), heartbeat.plan), 20)
    assert ada.change_plan(Plan(), 30) is None


def ready(
    *, is_ready: bool = True, is_unable: bool = False, is_over: bool = False, is_heard: bool = False
) -> Readiness:
    return Readiness(
        is_away=False,
        is_ready=is_ready,
        is_unable=is_unable,
        is_over=is_over,
        is_heard=is_heard,
        rtt_ms=40,
        speaker_delay_ms=0,
        start_ms=360,
    )


def test_a_song_starts_when_all_are_ready_who_can_be_and_ends_when_it_is_over() -> None:
    assert start_lead_ms([ready(), ready(is_ready=False)]) is None
    assert start_lead_ms([ready(is_ready=False, is_unable=True)]) is None
    assert start_lead_ms([ready(), ready(is_ready=False, is_unable=True)]) == 600
    playing = next_plan(prepared(Plan(), "e" * 16, "f" * 64, "north"), [ready()], 1e6, "north")
    assert playing is not None
    assert (playing.state, playing.global_start_us) == ("playing", 1e6 + 600_000)
    assert next_plan(playing, [ready(is_over=True)], 3e6, "north") is None  # said of the song before
    ended = next_plan(playing, [ready(is_over=True)], 9e6, "north")
    assert ended is not None
    assert ended.state == "stopped"


def test_who_decoded_only_the_beginning_leaves_the_rest_to_the_others() -> None:
    """[P51] Up to the song's length; alone it stops where its sound does."""
    playing = Plan(clock_id="north", file_id="f" * 64, state="playing", global_start_us=0)
    heard, silent = ready(is_heard=True), ready(is_over=True)

    def ends(own: OwnEnd) -> bool:
        return next_plan(playing, [ready(), *own.others], 60e6, "north", own) is not None

    assert not ends(OwnEnd(is_over=False, is_decode_over=True, others=[heard]))
    assert ends(OwnEnd(is_over=False, is_decode_over=True, others=[]))
    assert ends(OwnEnd(is_over=True, is_decode_over=True, others=[heard]))
    assert not ends(OwnEnd(is_over=False, is_decode_over=False, others=[silent]))


# --- files --------------------------------------------------------------------------------------------------


class Wire:
    """Two transfer cores, and what travels between them in order; the shells' part in a few lines."""

    def __init__(self) -> None:
        self.cores = {
            name: Transfer(name, Dice(seed), 2**30, lambda annotation: annotation != b"nonsense")
            for seed, name in enumerate((ADA, BO))
        }
        self.content: dict[str, bytes] = {}
        self.stored: dict[int, bytes] = {}
        # Nothing can be written.
        self.is_full = False
        self.local_ms = 0.0
        self.drops: list[tuple[str, str]] = []
        self.corrupts = False
        self._waiting = [
            (one, effect)
            for one, other in ((ADA, BO), (BO, ADA))
            for effect in self.cores[one].link_opened(other, 0)
        ]
        self.run(ADA, [])

    def offer(self, content: bytes) -> Manifest:
        manifest = make_manifest(content)
        self.content[manifest.file_id] = content
        self.run(ADA, self.cores[ADA].add_mine(manifest, "song.mp3", 0))
        return manifest

    def run(self, name: str, effects: list[Effect]) -> None:
        self._waiting += [(name, effect) for effect in effects]
        while self._waiting:
            sender, effect = self._waiting.pop(0)
            receiver = BO if sender == ADA else ADA
            match effect:
                case SendCtl(_, message):
                    self._then(receiver, self.cores[receiver].receive(sender, message, 0))
                case SendPiece(_, slot, file_id, piece):
                    self._carry(sender, receiver, slot, file_id, piece)
                case Store(file_id, piece, data):
                    if self.is_full:
                        self._then(sender, self.cores[sender].piece_unstored(file_id, piece, self.local_ms))
                    else:
                        self.stored[piece] = bytes(data)
                        self._then(sender, self.cores[sender].piece_kept(file_id, piece, self.local_ms))
                case Drop(peer, reason):
                    self.drops.append((peer, reason))

    def _carry(self, sender: str, receiver: str, slot: int, file_id: str, piece: int) -> None:
        content = self.content[file_id]
        begin = piece * piece_length_of(len(content))
        data = bytearray(content[begin : begin + piece_length_of(len(content))])
        data[0] ^= self.corrupts
        for at in range(0, len(data), 16_384):
            chunk = ctl.Chunk(slot, piece, at, bytes(data[at : at + 16_384]))
            parsed = ctl.parse_chunk(ctl.encode_chunk(chunk))
            self._then(receiver, self.cores[receiver].receive_chunk(sender, parsed, 0))
        self._then(sender, self.cores[sender].piece_sent(receiver, file_id, piece, 0))

    def _then(self, name: str, effects: list[Effect]) -> None:
        self._waiting += [(name, effect) for effect in effects]


@pytest.fixture
def content() -> bytes:
    """Twelve pieces, the last one short."""
    return random.Random(1).randbytes(11 * 65_536 + 100)


def test_a_file_arrives_whole_and_is_offered_on(content: bytes) -> None:
    wire = Wire()
    manifest = wire.offer(content)
    file = wire.cores[BO].files[manifest.file_id]
    assert file.is_complete
    assert b"".join(wire.stored[piece] for piece in range(12)) == content
    assert file.listed.is_whole
    assert not file.is_mine
    assert wire.drops == []


def test_a_piece_that_is_not_what_was_promised_is_never_held_and_its_sender_not_asked_again(
    content: bytes,
) -> None:
    wire = Wire()
    wire.corrupts = True
    manifest = wire.offer(content)
    assert wire.cores[BO].files[manifest.file_id].held == set()
    assert wire.stored == {}
    wire.corrupts = False
    wire.run(BO, wire.cores[BO].tick(60_000))
    assert wire.stored == {}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (ctl.Hello(CTL_VERSION, ""), "malformed"),
        (ctl.Annotation("f" * 64, "bm9uc2Vuc2U"), "malformed"),
        (
            ctl.Catalog([ctl.ListedFile(0, "f" * 64, "x", 100_000, 1, is_own=True, is_whole=True)]),
            "malformed",
        ),
    ],
)
def test_who_talks_nonsense_is_dropped_with_a_reason(message: ctl.CtlMessage, reason: str) -> None:
    wire = Wire()
    wire.run(ADA, wire.cores[ADA].receive(BO, message, 0))
    assert wire.drops == [(BO, reason)]


def test_data_that_nobody_asked_for_and_anything_before_hello_end_the_link(content: bytes) -> None:
    wire = Wire()
    wire.offer(content)
    wire.run(BO, wire.cores[BO].receive_chunk(ADA, ctl.Chunk(0, 3, 0, b"x"), 0))
    assert wire.drops == [(ADA, "unrequested")]
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    core.link_opened(CY, 0)
    [drop] = [each for each in core.receive(CY, ctl.Ping(1), 0) if isinstance(each, Drop)]
    assert drop.reason == "before-hello"


def test_what_finds_no_place_in_the_list_is_told_of_once_it_has_one() -> None:
    """Its bitfield counts for nobody before, and is not told twice."""
    told: list[str] = []
    listed: list[str] = []

    def hear(effects: list[Effect]) -> None:
        messages = [each.message for each in effects if isinstance(each, SendCtl)]
        told.extend(each.file_id for each in messages if isinstance(each, ctl.BitfieldMessage))
        for message in messages:
            if isinstance(message, ctl.Catalog):
                listed[:] = [each.file_id for each in message.files]

    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    for letter in range(MAX_OWN_FILES):
        core.add_mine(make_manifest(bytes([letter]) * 10), "song", 0)
    for file in core.files.values():
        file.name = "a long name " * 600
    core.link_opened(BO, 0)
    hear(core.receive(BO, ctl.Hello(CTL_VERSION, ""), 0))
    assert 0 < len(listed) < MAX_OWN_FILES
    assert told == listed
    for file in core.files.values():
        file.name = "short"
    core._is_catalog_stale = True
    hear(core.tick(10_000))
    assert len(listed) == MAX_OWN_FILES
    assert sorted(told) == sorted(listed)


def test_of_two_annotations_the_smaller_stays_with_both(content: bytes) -> None:
    wire = Wire()
    file_id = wire.offer(content).file_id
    wire.run(ADA, wire.cores[ADA].set_annotation(file_id, b"mine", 0))
    wire.run(BO, wire.cores[BO].set_annotation(file_id, b"best", 0))
    for name in (ADA, BO, ADA):
        wire.run(name, wire.cores[name].tick(100))
    assert [wire.cores[name].files[file_id].annotation for name in (ADA, BO)] == [b"best", b"best"]


def test_annotations_of_files_that_nobody_lists_are_not_kept() -> None:
    """A member may send as many as it likes."""
    wire = Wire()
    core = wire.cores[BO]
    for number in range(100):
        wire.run(BO, core.receive(ADA, ctl.Annotation(f"{number:064x}", "bWluZQ"), 0))
    assert core._neighbours[ADA].annotations == {}
    assert wire.drops == []


def test_one_file_too_many_of_ones_own_is_refused() -> None:
    core = Transfer(ADA, Dice(1), 2**30, lambda _: True)
    for letter in range(MAX_OWN_FILES):
        core.add_mine(make_manifest(bytes([letter]) * 10), "song", 0)
    with pytest.raises(FileError, match="file-too-many"):
        core.add_mine(make_manifest(b"z" * 10), "song", 0)


def test_control_messages_are_numbered_and_judged_before_they_act() -> None:
    inbox = ctl.CtlInbox()
    first, second = (ctl.encode_ctl(ctl.Ping(seq), seq) for seq in (0, 1))
    assert inbox.take(second, 0) == []
    assert inbox.take(first, 0) == [ctl.Ping(0), ctl.Ping(1)]
    assert inbox.take(first, 0) == "malformed"
    assert inbox.take(b"\0", 0) == "malformed"
    assert inbox.take("[" * 70_000, 0) == "too-large"
    flood = ctl.CtlInbox()
    verdicts = [flood.take(ctl.encode_ctl(ctl.Ping(seq), seq), 0) for seq in range(401)]
    assert verdicts[-1] == "flood"


def test_control_messages_are_measured_in_utf_16_code_units_as_a_page_does() -> None:
    longest, longer = (f'"{"😀" * count}"' for count in (MAX_CTL_CHARS // 2 - 1, MAX_CTL_CHARS // 2))
    inbox = ctl.CtlInbox()
    assert inbox.take(longer, 0) == "too-large"
    verdicts = [inbox.take(longest, 0) for _ in range(CTL_CHAR_BURST // MAX_CTL_CHARS + 1)]
    assert [*dict.fromkeys(verdicts)] == ["malformed", "flood"]
    assert verdicts.count("flood") == 1


def test_a_description_names_its_certificate_once_and_alike_for_both_ends() -> None:
    sdp = "v=0\r\na=fingerprint:sha-256 AA:0B\r\na=fingerprint:sha-512 CC:DD\r\na=setup:actpass\r\n"
    kept = with_one_fingerprint(sdp)
    assert kept == "v=0\r\na=fingerprint:sha-256 AA:0B\r\na=setup:actpass\r\n"
    assert fingerprints_in(kept) == "sha-256 aa:0b"
    assert fingerprints_in(sdp) == "sha-256 aa:0b,sha-512 cc:dd"
    assert fingerprints_in("v=0\r\n") == ""


# --- what sounds where --------------------------------------------------------------------------------------


def alone(song: Song) -> list[Lane]:
    return [Lane(song, 0.0, math.inf)]


@pytest.mark.parametrize("hz", [1_000, 10_000, 19_000, 20_000])
def test_a_tone_comes_out_of_any_ratio_as_a_tone(hz: int) -> None:
    """[P13] 100 dB below the tone; it is 3 dB below its amplitude."""
    tone = np.sin(2 * np.pi * hz * np.arange(RATE_HZ) / RATE_HZ)
    positions: NDArray[np.float64] = 1_000.25 + np.arange(4_800, dtype=np.float64) * 1.0005
    heard = interpolate(HeldSound(np.asarray([tone], dtype=np.float32)), positions)
    assert heard is not None
    rest = heard[0] - np.sin(2 * np.pi * hz * positions / RATE_HZ)
    assert np.sqrt(np.mean(rest**2)) < 0.7e-5


def test_blocks_join_without_a_seam_and_a_remaining_error_is_bent_away() -> None:
    """[P4] [P5]"""
    song = Song("f" * 64, RATE_HZ, HeldSound(noise(4)))
    run, errors, pieces = None, [], []
    for block in range(20):
        # From the third block on the card turns out to be 1 ms later than was thought.
        begin_sec = 0.5 + block * 0.1 + (0.001 if block >= 3 else 0.0)
        done = render_block(run, Place(alone(song), begin_sec, begin_sec + 0.1), OUTPUT_RATE_HZ // 10)
        run = done.after
        errors.append(done.error_ms)
        pieces.append(done.sound)
    assert errors[2] == pytest.approx(0, abs=1e-6)
    assert errors[3] == pytest.approx(-1, abs=1e-3)
    assert all(errors[at + 1] > errors[at] for at in range(3, 19))  # type: ignore[operator]
    whole = np.concatenate(pieces, axis=1)
    expected = interpolate(song.sound, (0.5 + np.arange(14_400) / OUTPUT_RATE_HZ) * RATE_HZ)
    assert expected is not None
    assert np.max(np.abs(whole[:, 2_000:14_400] - expected[:, 2_000:])) < 1e-5


def test_nothing_sounds_before_the_plan_begins_and_a_stop_fades() -> None:
    song = Song("f" * 64, RATE_HZ, HeldSound(np.ones((2, RATE_HZ), dtype=np.float32)))
    begun = render_block(None, Place(alone(song), -0.05, 0.05), OUTPUT_RATE_HZ // 10)
    assert np.abs(begun.sound[:, : OUTPUT_RATE_HZ // 20]).max() < 1e-6
    assert begun.sound[0, -1] == pytest.approx(1, abs=1e-4)
    ended = render_block(begun.after, None, OUTPUT_RATE_HZ // 10)
    steps = np.abs(np.diff(ended.sound[0], prepend=1.0))
    assert steps.max() < 0.01
    assert ended.sound[0, -1] == 0


class LateSound(HeldSound):
    """Decoded from one frame to another, so far."""

    held = (0, 0)

    def read(self, first: int, length: int) -> Sound | None:  # type: ignore[override]
        is_held = self.held[0] <= first and first + length <= self.held[1]
        return super().read(first, length) if is_held else None


def test_sound_that_is_not_decoded_yet_is_silence_and_comes_in_softly() -> None:
    """[P71]"""
    sound = LateSound(np.ones((2, 4 * RATE_HZ), dtype=np.float32))
    song, frames = Song("f" * 64, RATE_HZ, sound), OUTPUT_RATE_HZ // 10
    waiting = render_block(None, Place(alone(song), 1.0, 1.1), frames)
    assert not waiting.sound.any()
    assert (waiting.error_ms, waiting.after) == (None, None)
    sound.held = (RATE_HZ, 2 * RATE_HZ)
    begun = render_block(waiting.after, Place(alone(song), 1.1, 1.2), frames)
    assert begun.error_ms == 0
    assert np.abs(np.diff(begun.sound[0], prepend=0.0)).max() < 0.01
    # It runs out of sound: what there is fades.
    late = render_block(begun.after, Place(alone(song), 1.2, 1.3), frames)
    sound.held = (RATE_HZ, round(1.35 * RATE_HZ))
    out = render_block(late.after, Place(alone(song), 1.3, 1.4), frames)
    assert out.error_ms is None
    assert np.abs(np.diff(out.sound[0], prepend=1.0)).max() < 0.01
    assert out.sound[0, -1] == 0


def test_an_output_clock_is_found_among_samples_that_are_off_and_follows_a_step() -> None:
    line, jitter = OutputClock(RATE_HZ), np.random.default_rng(2)
    assert line.uncertainty_ms == math.inf
    for block in range(1_500):
        at_ms = 5_000 + block * 20 * (1 + 80e-6)  # a card that runs 80 ppm slow
        line.add(block * 960, at_ms + jitter.normal(0, 0.5) + (30 if block % 50 == 7 else 0))
    off_ms = line.local_ms_of(1_500 * 960) - (5_000 + 30_000 * (1 + 80e-6))
    assert abs(off_ms) <= line.uncertainty_ms < 0.2
    for block in range(1_500, 1_550):  # an underrun: everything is 20 ms later from now on
        line.add(block * 960, 5_020 + block * 20 * (1 + 80e-6) + jitter.normal(0, 0.5))
    assert line.steps == 1
    assert line.local_ms_of(1_550 * 960) == pytest.approx(5_020 + 31_000 * (1 + 80e-6), abs=0.5)


def estimate(at_local_ms: float, offset_ms: float) -> OffsetEstimate:
    return OffsetEstimate("north", at_local_ms, offset_ms, 0.0, 0.01, 0.2, 0.4, 50)


def test_what_a_headless_peer_says_of_its_error_is_as_uncertain_as_its_output_and_its_clock() -> None:
    """[P25] Twice the clock's deviation, beside 0.3 ms of the output; nothing while it is silent."""

    class Card:
        error_ms: float | None = 0.4
        uncertainty_ms = 0.3
        start_ms = 100.0

        def advance(self, local_ms: float) -> None: ...

    card = Card()
    clock = estimate(0, 0)
    outputs = Outputs([card])
    expected = math.hypot(0.3, 2 * clock.uncertainty_ms)
    assert clock.uncertainty_ms > 0
    assert error_uncertainty_ms(outputs, clock) == pytest.approx(expected)
    assert error_uncertainty_ms(outputs, None) == pytest.approx(0.3)
    card.error_ms = None
    assert error_uncertainty_ms(outputs, clock) == 0


def test_a_playing_song_is_not_moved_by_a_fresh_estimate_and_leaps_only_for_the_plan() -> None:
    controller = PlaybackController()
    songs = {"f" * 64: Song("f" * 64, RATE_HZ, HeldSound(noise(1)))}
    controller.estimated(estimate(0, 100))
    plan = Plan(1, 1, "north", "f" * 64, "playing", 1e6, 0, "e" * 16)
    controller.follow(plan, Queue(), songs, is_clock_known=True)
    assert controller.position_sec_at(2_100) == pytest.approx(1.0)
    revision = controller.revision
    controller.estimated(estimate(2_100, 110))
    assert controller.position_sec_at(2_100) == pytest.approx(1.0)
    assert controller.revision == revision
    moved = Plan(1, 2, "north", "f" * 64, "playing", 1e6, 30e6, "e" * 16)
    controller.follow(moved, Queue(), songs, is_clock_known=True)
    assert controller.position_sec_at(2_100) == pytest.approx(31.0)
    assert controller.revision > revision
    controller.follow(Plan(1, 3), Queue(), songs, is_clock_known=True)
    assert controller.place_at(2_100, 2_200) is None


def test_a_late_loudspeaker_is_told_to_sound_earlier() -> None:
    controller = PlaybackController(speaker_delay_ms=250)
    songs = {"f" * 64: Song("f" * 64, RATE_HZ, HeldSound(noise(1)))}
    controller.estimated(estimate(0, 0))
    plan = Plan(1, 1, "north", "f" * 64, "playing", 0, 0, "e" * 16)
    controller.follow(plan, Queue(), songs, is_clock_known=True)
    assert controller.position_sec_at(1_000) == pytest.approx(1.25)
