"""The rooms that `bench.speakers` measures: who sits where, under what condition, and what happens meanwhile.

A seat is `c` (Chromium), `f` (Firefox) or `w` (WebKitGTK, which has no RTCPeerConnection and adds its own
copy of the file). `reach` are the aims, ms; nothing is asserted, the table prints them beside the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from lab.browsers.launch import Condition

Meanwhile = Literal["nothing", "late joiner", "starts", "bulk"]
Stretch = tuple[float, float]

WHOLE: dict[str, Stretch] = {"3-60 s": (3.0, 60.0), "settled 15-60 s": (15.0, 60.0)}
AFTER_10: dict[str, Stretch] = {"10-60 s": (10.0, 60.0)}
UNTIL_30: dict[str, Stretch] = {"3-30 s": (3.0, 30.0), "settled 15-30 s": (15.0, 30.0)}
FRESH: dict[str, Any] = {
    "wait_sec": 3.0,
    "is_priority_late": True,
    "is_large_file": True,
    "stretches": UNTIL_30,
}
FRESH_REACH = {
    ("first second", "median_ms"): 0.5,
    ("first second", "max_ms"): 2.0,
    ("3-30 s", "p95_ms"): 0.3,
    ("settled 15-30 s", "p95_ms"): 0.12,
}


@dataclass(frozen=True)
class Scenario:
    """One row of the table. Stretches are seconds of the song, from the first sound of anybody."""

    about: str
    seats: str = "cccc"
    condition: Condition = "quiet"
    has_snapcast_beside: bool = False
    has_rough_network: bool = False
    meanwhile: Meanwhile = "nothing"
    wait_sec: float = 8.0  # before Play: people do not press it in the second they joined
    # The sound threads get their priority only `wait_sec` before Play, so that streams underrun while devices
    # join, fetch and decode, as on a machine without realtime audio.
    is_priority_late: bool = False
    are_cores_busy: bool = False  # until the sound threads get their priority
    is_fetched_in_countdown: bool = False  # Play as soon as the first has the file
    is_large_file: bool = False  # 23 MB of PCM instead of an MP3
    clock_ppm: float = 0.0  # the last seat's local clock runs this much fast
    song_sec: float = 185.0
    stretches: dict[str, Stretch] = field(default_factory=lambda: WHOLE)
    # (stretch, part) -> ms
    reach: dict[tuple[str, str], float] = field(default_factory=dict)


SCENARIOS: dict[str, Scenario] = {
    "quiet": Scenario(
        "4 Chromium, quiet, Snapcast right beside",
        has_snapcast_beside=True,
        reach={
            ("3-60 s", "median_ms"): 0.08,
            ("3-60 s", "p95_ms"): 0.15,
            ("3-60 s", "max_ms"): 0.40,
            ("settled 15-60 s", "median_ms"): 0.05,
            ("settled 15-60 s", "p95_ms"): 0.10,
        },
    ),
    "fresh": Scenario(
        "4 Chromium, sound threads without priority until 3 s before Play",
        **FRESH,
        reach=FRESH_REACH,
    ),
    "fresh-busy": Scenario(
        "the same, and endless loops on all cores until then", are_cores_busy=True, **FRESH, reach=FRESH_REACH
    ),
    "fresh-countdown": Scenario(
        "the same, and the file arrives during the countdown", is_fetched_in_countdown=True, **FRESH
    ),
    "fresh-firefox": Scenario(
        "2 Chromium and 2 Firefox, without priority until 3 s before Play",
        seats="ccff",
        **FRESH,
        reach={("3-30 s", "p95_ms"): 1.0},
    ),
    "harsh": Scenario(
        "4 Chromium, harsh: 1280x720 painted in software, no priority",
        condition="harsh",
        stretches=AFTER_10,
        reach={("10-60 s", "p95_ms"): 5.0},
    ),
    "eight": Scenario("8 Chromium, quiet", seats="c" * 8, reach={("3-60 s", "p95_ms"): 0.5}),
    "firefox": Scenario("2 Chromium and 2 Firefox", seats="ccff", reach={("3-60 s", "p95_ms"): 2.0}),
    "webkit": Scenario(
        "2 Chromium, 1 Firefox, 1 WebKitGTK with its own copy",
        seats="ccfw",
        reach={("3-60 s", "p95_ms"): 10.0},
    ),
    "starts": Scenario(
        "4 Chromium, Play and Stop in turn: the first second of sound",
        meanwhile="starts",
        stretches={},
        reach={("first second", "median_ms"): 0.25},
    ),
    "rested": Scenario(
        "4 Chromium, Play after 45 s of silence",
        wait_sec=45.0,  # Chromium rests its output after 30
        stretches={"3-15 s": (3.0, 15.0)},
        reach={("first second", "median_ms"): 0.25},
    ),
    "late": Scenario(
        "3 Chromium, a fourth enters mid-song, again and again",
        meanwhile="late joiner",
        stretches={},
        reach={("late joiner, first second", "max_ms"): 5.0},
    ),
    "jitter": Scenario(
        "4 Chromium, each WebSocket 5-80 ms one way at random, 1 % stalls of 300 ms",
        has_rough_network=True,
        reach={("3-60 s", "p95_ms"): 5.0},
    ),
    "bulk": Scenario(
        "4 Chromium while a file of 50 MB goes to all",
        meanwhile="bulk",
        stretches={},
        reach={("during bulk", "p95_ms"): 2.0},
    ),
    "crystal": Scenario(
        "3 Chromium and one whose local clock runs 100 ppm fast",
        clock_ppm=100.0,
        song_sec=660.0,
        stretches={"3-600 s": (3.0, 600.0)},
        reach={("3-600 s", "max_ms"): 1.0},
    ),
}
