"""Whether a path still carries anything, and what is done when it does not. Virtual time."""

from __future__ import annotations

from unisono.peer.own_network import OwnNetwork
from unisono.peer.path_watch import ASK_AFTER_MS, HURRIED_LOST_AFTER_MS, LOST_AFTER_MS, PathWatch, Verdict

TICK_MS = 100


def looks(watch: PathWatch, from_ms: int, to_ms: int, packets: int) -> list[tuple[int, Verdict]]:
    """What it says when looked at each tenth of a second, without "fine"."""
    found = [(ms, watch.look(packets, ms)) for ms in range(from_ms, to_ms, TICK_MS)]
    return [each for each in found if each[1] != "fine"]


def test_a_path_is_left_alone_while_anything_comes() -> None:
    watch = PathWatch(0)
    assert all(watch.look(ms // 2_000, ms) == "fine" for ms in range(0, 60_000, TICK_MS))


def test_a_silent_path_is_asked_and_then_lost() -> None:
    """[S58]"""
    watch = PathWatch(0)
    found = looks(watch, 0, 20_000, packets=7)
    asked = [ms for ms, verdict in found if verdict == "ask"]
    assert asked[0] == ASK_AFTER_MS
    assert len(asked) == 4
    assert found[4] == (LOST_AFTER_MS, "lost")


def test_an_answer_keeps_it() -> None:
    watch = PathWatch(0)
    assert looks(watch, 0, 6_500, packets=1)
    assert looks(watch, 6_500, 9_000, packets=2) == []
    assert looks(watch, 9_000, 12_000, packets=2)[0][1] == "ask"


def test_on_another_network_it_is_asked_at_once_and_lost_sooner() -> None:
    """[S23]"""
    watch = PathWatch(0)
    assert looks(watch, 0, 1_000, packets=1) == []
    watch.hurry(1_000)
    found = looks(watch, 1_000, 9_000, packets=1)
    assert found[0] == (1_000, "ask")
    assert (1_000 + HURRIED_LOST_AFTER_MS, "lost") in found


def test_on_another_network_an_answer_keeps_it_too() -> None:
    watch = PathWatch(0)
    watch.hurry(0)
    assert looks(watch, 0, 200, packets=1) == [(0, "ask")]
    assert looks(watch, 200, 3_000, packets=2) == []


def test_a_process_that_stood_still_does_not_blame_the_path() -> None:
    watch = PathWatch(0)
    assert watch.look(1, 0) == "fine"
    assert watch.look(1, 60_000) == "fine"
    assert looks(watch, 60_000, 62_000, packets=1) == []


def test_other_addresses_are_noticed_once() -> None:
    told = [
        frozenset({"10.0.0.1"}),
        frozenset({"10.0.0.1"}),
        frozenset({"10.0.0.2"}),
        frozenset({"10.0.0.2"}),
    ]
    network = OwnNetwork(lambda: told.pop(0))
    assert [network.has_changed(ms) for ms in (0, 100, 2_000, 2_100, 4_000)] == [
        False,
        False,
        True,
        False,
        False,
    ]
