"""The cores that both languages have: at every step of vectors/*.trace.json they answer as the page's do.

web/src/session/trace-vectors.test.ts writes the traces.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from unisono.peer.director import TRANSITIONS, Candidate, Director
from unisono.peer.offset import OffsetEstimate
from unisono.peer.plan import Heartbeat, Plan, Record
from unisono.peer.plan_policy import Readiness, start_lead_ms
from unisono.peer.playback_clock import PlaybackClock
from unisono.peer.synced_clock import SyncedClock
from unisono.protocol import Pong

FOLDER = Path(__file__).parents[2] / "vectors"
ME = "5" * 32


def trace(name: str) -> list[Any]:
    steps: list[Any] = json.loads((FOLDER / f"{name}.trace.json").read_text(encoding="utf-8"))
    return steps


def plan_of(shown: dict[str, Any]) -> Plan:
    return Plan(
        term=shown.get("term", 0),
        rev=shown.get("rev", 0),
        clock_id=shown["clockId"],
        file_id=shown["fileId"],
        state=shown["state"],
        global_start_us=shown["globalStartUs"],
        position_us=shown["positionUs"],
        entry_id=shown.get("entryId"),
        repeat=shown.get("repeat", "off"),
        tempo=shown.get("tempo", 100),
        crossfade_ms=shown.get("crossfadeMs", 0),
    )


def heartbeat_in(shown: dict[str, Any]) -> Heartbeat:
    record = shown["record"]
    return Heartbeat(Record(record["term"], record["userId"], record["resigned"]), plan_of(shown["plan"]))


def candidates_of(shown: list[dict[str, Any]]) -> list[Candidate]:
    return [Candidate(each["userId"], each["isVisible"], each["isAway"]) for each in shown]


def happen(director: Director, event: str, args: list[Any], local_ms: float) -> Heartbeat | None:
    handlers: dict[str, Callable[..., Heartbeat | None]] = {
        "attach": lambda others, is_new: director.attach(
            candidates_of(others), is_new_server=is_new, local_ms=local_ms
        ),
        "detach": director.detach,
        "candidates": lambda others: director.set_candidates(candidates_of(others), local_ms),
        "left": lambda user_id: director.member_left(user_id, local_ms),
        "heartbeat": lambda sender, shown: director.receive_heartbeat(sender, heartbeat_in(shown), local_ms),
        "silent": lambda: director.server_is_silent(local_ms),
        "resign": lambda: director.resign(local_ms),
        "change": lambda change: director.change_plan(plan_of(change), local_ms),
        "tick": lambda: director.tick(local_ms),
    }
    return handlers[event](*args)


def test_who_directs_is_the_same_at_every_step() -> None:
    """[V1] [D1] [D2] [D4] [D5] [D6] [D7] [D8] [D9] [D11] [D18] [D20] [D21] [D25]"""
    steps = trace("director")
    assert len(steps) > 500
    for _, run in groupby(steps, key=lambda step: step["seed"]):
        director = Director(ME)
        for number, step in enumerate(run):
            answer = happen(director, step["event"], step["args"], step["localMs"])
            assert answer == (step["answer"] and heartbeat_in(step["answer"])), (number, step)
            assert (director.role, director.director_id) == (step["role"], step["directorId"]), (number, step)


def test_the_role_can_change_in_the_same_ways() -> None:
    """[V1]"""
    assert sorted(TRANSITIONS) == sorted(tuple(way) for way in trace("role-transitions"))


def test_global_time_is_found_alike_over_sleeps_and_changes_of_server() -> None:
    """[V1] [T4] [T6] [T7] [T8] [T9] [T10] [T11] [T12] [T13]"""
    first, *steps = trace("synced-clock")
    assert first["event"] == "start"
    wall_ms = 1_700_000_000_000.0 + first["localMs"]
    clock = SyncedClock(local_ms=first["localMs"], wall_ms=wall_ms)
    clock.start(first["localMs"])
    assert len(steps) > 200
    for number, step in enumerate(steps):
        local_ms = step.get("localMs", 0.0)
        match step["event"]:
            case "start":
                clock.start(local_ms)
            case "stop":
                clock.stop()
            case "activity":
                clock.activity = step["activity"]
            case "probe":
                assert clock.due_local_ms == pytest.approx(local_ms, abs=1e-6), (number, step)
                assert clock.next_probe(local_ms) == step["id"]
            case "pong":
                clock.receive(Pong(step["id"], local_ms, step["t1"], step["t2"], step["clockId"]), local_ms)
            case "sleep-check":
                clock.check_for_sleep(local_ms, step["wallMs"])
        if "state" in step:
            assert clock.state(local_ms) == step["state"], (number, step)
            estimate = clock.estimate
            known = estimate and [estimate.offset_ms, estimate.drift_ppm, estimate.bound_ms]
            assert known == (step["known"] and pytest.approx(step["known"], abs=1e-6)), (number, step)
            north_us = clock.to_current_clock(5e6, "north")
            expected_us = step["northUs"]
            assert north_us == (None if expected_us is None else pytest.approx(expected_us, abs=1e-2))


def test_a_locked_clock_goes_on_alike() -> None:
    """[V1] [L1] [L2] [L3] [L4] [L5] [L7] [L8]"""
    clock: PlaybackClock | None = None
    steps = trace("playback-clock")
    assert len(steps) > 300
    for number, step in enumerate(steps):
        if "locked" in step:
            clock = PlaybackClock(estimate_of(step["locked"]))
            continue
        assert clock is not None
        fresh = estimate_of(step["fresh"])
        assert clock.update(fresh) == step["state"], (number, step)
        assert clock.offset_ms_at(fresh.at_local_ms) == pytest.approx(step["offsetMs"], abs=1e-9)
        assert clock.global_us_at(fresh.at_local_ms + 250) == pytest.approx(step["globalUs"], abs=1e-3)


def estimate_of(shown: dict[str, Any]) -> OffsetEstimate:
    return OffsetEstimate(
        clock_id=shown["clockId"],
        at_local_ms=shown["atLocalMs"],
        offset_ms=shown["offsetMs"],
        drift_ppm=shown["driftPpm"],
        uncertainty_ms=shown["uncertaintyMs"],
        bound_ms=shown["boundMs"],
        rtt_ms=shown["rttMs"],
        probes=shown["probes"],
        is_of_others=shown["isOfOthers"],
    )


def test_a_song_starts_at_the_same_moment() -> None:
    """[V1] [D13] [D15] [D19] [D22]"""
    steps = trace("start-gate")
    assert len(steps) > 100
    for number, step in enumerate(steps):
        everybody = [
            Readiness(
                is_away=each["isAway"],
                is_ready=each["isReady"],
                is_unable=each["isUnable"],
                is_over=False,
                is_heard=False,
                rtt_ms=each["rttMs"],
                speaker_delay_ms=each["speakerDelayMs"],
                start_ms=each.get("startMs"),
                user_id=each["userId"],
            )
            for each in step["peers"]
        ]
        assert start_lead_ms(everybody, frozenset(step["overdue"])) == step["leadMs"], (number, step)
