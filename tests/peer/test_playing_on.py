"""From plan and queue to what sounds, over seams, and however plan and queue are written on meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.peer.test_lanes import decibels, music_like_noise
from unisono.peer.offset import OffsetEstimate
from unisono.peer.plan import Plan
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.programme_needs import MAX_OPEN_SONGS, places_soon, turns
from unisono.peer.queue import Queue, QueueEntry, QueueStamp
from unisono.peer.queue_policy import (
    behind,
    gone_on,
    tidied,
    turned_to,
)
from unisono.peer.render import OUTPUT_RATE_HZ, Run, render_block
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound, Sound

RATE_HZ = 44_100
BLOCK_FRAMES = OUTPUT_RATE_HZ // 10
ADA = "a" * 32
FILES = [letter * 64 for letter in "123"]
ENTRIES = [letter * 16 for letter in "789"]
# Of no whole number of µs.
SEAMS = (2 * RATE_HZ + 17, 4 * RATE_HZ + 1_003)
WHOLE = music_like_noise()
PIECES = np.split(WHOLE, SEAMS, axis=1)


def song(samples: np.ndarray, file_id: str) -> Song:
    return Song(file_id, RATE_HZ, HeldSound(np.asarray(samples, dtype=np.float32)))


SONGS = {file_id: song(piece, file_id) for file_id, piece in zip(FILES, PIECES, strict=True)}


def duration_us(piece: np.ndarray) -> float:
    return float(piece.shape[1] / RATE_HZ * 1e6)


def queue_of_three() -> Queue:
    entries = tuple(
        QueueEntry(entry_id, file_id, ADA, duration_us(piece))
        for entry_id, file_id, piece in zip(ENTRIES, FILES, PIECES, strict=True)
    )
    return Queue(QueueStamp(1, ADA, 1), entries=entries)


def plan_of_first(**how: object) -> Plan:
    plan = Plan(1, 1, "north", FILES[0], "playing", 1_000_000.0, 0.0, ENTRIES[0])
    return replace(plan, **how)  # type: ignore[arg-type]


def estimate(at_local_ms: float, clock_id: str = "north", offset_ms: float = 0.0) -> OffsetEstimate:
    return OffsetEstimate(clock_id, at_local_ms, offset_ms, 0.0, 0.01, 0.2, 0.4, 50)


class Listener:
    """A recorder in virtual time, whose global time is local time."""

    def __init__(self, plan: Plan, queue: Queue, songs: dict[str, Song]) -> None:
        self.plan, self.queue, self.songs = plan, queue, songs
        self.controller = PlaybackController()
        self.controller.estimated(estimate(0.0))
        self._run: Run | None = None
        self._pieces: list[Sound] = []

    def hear(self, seconds: float) -> None:
        for _ in range(round(seconds * OUTPUT_RATE_HZ / BLOCK_FRAMES)):
            self.controller.follow(self.plan, self.queue, self.songs, is_clock_known=True)
            begin_ms = len(self._pieces) * 100.0
            block = render_block(self._run, self.controller.place_at(begin_ms, begin_ms + 100), BLOCK_FRAMES)
            self._run = block.after
            self._pieces.append(block.sound)

    @property
    def heard(self) -> Sound:
        return np.concatenate(self._pieces, axis=1)


def heard_of_the_uncut(seconds: float) -> Sound:
    queue = Queue(entries=(QueueEntry(ENTRIES[0], FILES[0], ADA, duration_us(WHOLE)),))
    listener = Listener(plan_of_first(), queue, {FILES[0]: song(WHOLE, FILES[0])})
    listener.hear(seconds)
    return listener.heard


def test_a_queue_cut_from_one_recording_plays_as_the_uncut_one() -> None:
    """[Q13] [Q14] With nobody who says anything."""
    listener = Listener(plan_of_first(), queue_of_three(), SONGS)
    listener.hear(7.5)
    wanted = heard_of_the_uncut(7.5)
    assert decibels(listener.heard - wanted, wanted) < -90
    assert listener.controller.is_over_at(8_100.0, 1.0)


def test_nothing_moves_when_the_director_writes_the_plan_on() -> None:
    """[Q31] Plan first or queue first: the same sounds."""
    wanted = heard_of_the_uncut(7.5)
    for is_queue_first in (True, False):
        listener = Listener(plan_of_first(), queue_of_three(), SONGS)
        listener.hear(3.5)
        assert gone_on(listener.plan, listener.queue, 3.9e6) is None  # its end may still be heard
        changed = gone_on(listener.plan, listener.queue, 5.0e6)
        assert changed is not None
        listener.hear(1.5)
        if is_queue_first:
            listener.queue = changed[1]
        else:
            listener.plan = changed[0]
        listener.hear(0.5)
        listener.plan, listener.queue = changed
        listener.hear(2.0)
        assert decibels(listener.heard - wanted, wanted) < -90
        assert [entry.entry_id for entry in listener.queue.entries] == ENTRIES[1:]
        assert [entry.entry_id for entry in listener.queue.played] == ENTRIES[:1]


def test_nothing_moves_when_another_server_has_another_clock() -> None:
    """The director says the same in the new one, an entry later."""
    listener = Listener(plan_of_first(), queue_of_three(), SONGS)
    listener.hear(4.5)
    changed = gone_on(listener.plan, listener.queue, 4.5e6)
    assert changed is not None
    assert changed[0].entry_id == ENTRIES[1]
    listener.controller.estimated(estimate(4_500.0, "south", offset_ms=-7_000_000.0))
    listener.plan = replace(
        changed[0], clock_id="south", global_start_us=changed[0].global_start_us + 7_000_000_000.0
    )
    listener.hear(3.0)
    wanted = heard_of_the_uncut(7.5)
    assert decibels(listener.heard - wanted, wanted) < -85


def test_who_has_not_got_a_song_is_silent_and_in_step_after_it() -> None:
    wanted = heard_of_the_uncut(7.5)
    songs = {file_id: each for file_id, each in SONGS.items() if file_id != FILES[1]}
    listener = Listener(plan_of_first(), queue_of_three(), songs)
    listener.hear(7.5)
    first, second = (round((1 + seam / RATE_HZ) * OUTPUT_RATE_HZ) for seam in SEAMS)
    assert not listener.heard[:, first + 100 : second - 100].any()
    assert decibels(listener.heard[:, second + 100 :] - wanted[:, second + 100 :], wanted) < -90


def test_who_enters_in_the_second_song_is_in_step() -> None:
    late = Listener(plan_of_first(), queue_of_three(), {})
    late.hear(3.9)
    late.songs = SONGS
    late.hear(3.6)
    wanted = heard_of_the_uncut(7.5)
    assert not late.heard[:, : round(3.8 * OUTPUT_RATE_HZ)].any()
    after = round(4.1 * OUTPUT_RATE_HZ)
    assert decibels(late.heard[:, after:] - wanted[:, after:], wanted) < -90


def test_a_crossfade_that_is_written_on_afterwards_goes_on() -> None:
    """[Q16]"""
    plan, queue = plan_of_first(crossfade_ms=800), queue_of_three()
    steady, written = Listener(plan, queue, SONGS), Listener(plan, queue, SONGS)
    steady.hear(6.0)
    written.hear(5.1)
    changed = gone_on(plan, queue, 5.1e6)
    assert changed is not None
    written.plan, written.queue = changed
    written.hear(0.9)
    assert np.abs(steady.heard - written.heard).max() < 1e-6


def test_repeat_all_puts_what_is_over_to_the_end_and_repeat_one_begins_again() -> None:
    """[Q10] [Q17]"""
    changed = gone_on(plan_of_first(repeat="all"), queue_of_three(), 6.0e6)
    assert changed is not None
    assert [entry.entry_id for entry in changed[1].entries] == [*ENTRIES[1:], ENTRIES[0]]
    assert changed[0].repeat == "all"
    assert gone_on(plan_of_first(repeat="one"), queue_of_three(), 60e6) is None


def test_at_the_end_of_all_the_plan_is_stopped_and_the_list_empty() -> None:
    """[Q32]"""
    changed = gone_on(plan_of_first(), queue_of_three(), 8.1e6)
    assert changed is not None
    assert (changed[0].state, changed[0].file_id, changed[0].entry_id) == ("stopped", None, None)
    assert changed[1].entries == ()
    assert len(changed[1].played) == 3


def test_behind_a_song_of_unknown_length_the_next_one_is_prepared() -> None:
    """[Q15] [Q34] How the programme goes on stays as it was."""
    queue = queue_of_three()
    queue = replace(queue, entries=(replace(queue.entries[0], duration_us=None), *queue.entries[1:]))
    plan = plan_of_first(crossfade_ms=3_000)
    assert gone_on(plan, queue, 60e6) is None
    further, left = turned_to(plan, queue, behind(plan, queue)[0], "north")
    assert (further.state, further.entry_id, further.crossfade_ms) == ("preparing", ENTRIES[1], 3_000)
    assert [entry.entry_id for entry in left.entries] == ENTRIES[1:]
    told = tidied(plan, queue, ENTRIES[0], ADA, {FILES[0]: 2e6, FILES[1]: 5.0}, lambda _: None)
    assert [entry.duration_us for entry in told.entries[:2]] == [2e6, queue.entries[1].duration_us]


def test_what_nobody_can_play_is_passed_over_and_no_more_once_somebody_can() -> None:
    """[Q14] [Q33]"""
    plan, queue = plan_of_first(), queue_of_three()
    marked = tidied(
        plan,
        queue,
        ENTRIES[0],
        ADA,
        {},
        lambda entry: "nobody-can-play" if entry.entry_id == ENTRIES[1] else None,
    )
    assert [entry.skipped for entry in marked.entries] == [None, "nobody-can-play", None]
    assert [entry.entry_id for entry in behind(plan, marked)] == ENTRIES[2:]
    assert tidied(plan, marked, ENTRIES[0], ADA, {}, lambda _: None) == queue
    stopped_at_last, left = turned_to(plan, marked, None, "north")
    assert (stopped_at_last.state, left.entries, len(left.played)) == ("stopped", (), 3)


def test_what_plays_is_in_the_list_and_what_is_over_is_not() -> None:
    """A plan that was heard before its queue, and one that went on before its director fell silent."""
    plan = plan_of_first(entry_id="0" * 16)
    list_with_it = tidied(plan, queue_of_three(), "0" * 16, ADA, {FILES[0]: 9e6}, lambda _: None)
    assert list_with_it.entries[0] == QueueEntry("0" * 16, FILES[0], ADA, 9e6)
    trimmed = tidied(
        plan_of_first(entry_id=ENTRIES[1]), queue_of_three(), ENTRIES[1], ADA, {}, lambda _: None
    )
    assert [entry.entry_id for entry in trimmed.entries] == ENTRIES[1:]
    gone_over = tidied(plan_of_first(), queue_of_three(), ENTRIES[1], ADA, {}, lambda _: None)
    assert gone_over == trimmed


def test_what_is_opened_is_what_sounds_and_what_sounds_soon() -> None:
    plan, queue = plan_of_first(), queue_of_three()
    assert places_soon(plan, queue, 2.5e6) == {
        FILES[0]: [1.5],
        FILES[1]: [0.0],
        FILES[2]: [0.0],
    }
    assert list(places_soon(plan, queue, 3.5e6)) == [FILES[1], FILES[2], FILES[0]]
    looped = plan_of_first(loop_us=(500_000.0, 1_500_000.0))
    assert places_soon(looped, queue, 2.2e6)[FILES[0]][:2] == [pytest.approx(1.2), 0.5]
    assert len(places_soon(plan, queue, 2.5e6)) <= MAX_OPEN_SONGS
    assert places_soon(replace(plan, state="preparing"), queue, None) == {FILES[0]: [0.0]}
    assert turns(plan, queue, 3.5e6) == FILES[1:]
    assert turns(Plan(), queue, None) == FILES


def test_at_another_tempo_a_latecomer_plays_what_all_play() -> None:
    """[P81] [Q19]"""
    first, later = (Listener(plan_of_first(tempo=70), queue_of_three(), SONGS) for _ in range(2))
    first.hear(8.0)
    assert first.controller.position_sec_at(2_000.0) == pytest.approx(0.7)
    block = later.controller
    block.follow(later.plan, later.queue, later.songs, is_clock_known=True)
    entered = render_block(None, block.place_at(7_000.0, 7_100.0), BLOCK_FRAMES)
    after = render_block(entered.after, block.place_at(7_100.0, 7_200.0), BLOCK_FRAMES)
    heard = first.heard[:, 71 * BLOCK_FRAMES : 72 * BLOCK_FRAMES]
    assert decibels(after.sound - heard, heard) < -80
    assert np.sqrt(np.mean(heard**2)) > 0.1
