#!/bin/sh
# uvloop 0.23.0 rounds the delay of call_later and call_at to whole milliseconds, and so each asyncio.sleep: one of 0.4 ms does not wait at
# all, and 10.4 ms end after 10. A callback then runs before its time by the loop's own clock: loop.time() < when. asyncio's own loop may be
# late, but runs nothing earlier than its clock can tell apart. A pacer that sleeps out fractions of a millisecond spins at full load, and
# whatever looks at the clock again on waking finds that nothing is due.
# Printed is how long 200 sleeps took at least and in the median, and how many callbacks ran early. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import statistics
import sys
import time

import uvloop

SLEEPS_MS = (0.4, 1.4, 10.4)


async def slept_ms(asked_ms: float) -> list[float]:
    found = []
    for _ in range(200):
        begun_sec = time.perf_counter()
        # The sleep is what is measured.
        await asyncio.sleep(asked_ms / 1000)
        found.append((time.perf_counter() - begun_sec) * 1000)
    return found


async def early_callbacks(asked_ms: float) -> int:
    """Of 50, how many ran before their time, by the loop's clock and what it can tell apart."""
    loop = asyncio.get_running_loop()
    early = 0
    for _ in range(50):
        when = loop.time() + asked_ms / 1000
        has_run = loop.create_future()
        loop.call_at(when, lambda: has_run.set_result(loop.time()))
        early += await has_run + time.get_clock_info("monotonic").resolution < when
    return early


def run(name: str, factory) -> dict[float, tuple[float, int]]:
    seen = {}
    with asyncio.Runner(loop_factory=factory) as runner:
        for asked_ms in SLEEPS_MS:
            found = runner.run(slept_ms(asked_ms))
            early = runner.run(early_callbacks(asked_ms))
            seen[asked_ms] = (min(found), early)
            middle = statistics.median(found)
            print(f"{name}, {asked_ms} ms: at least {min(found):.2f}, median {middle:.2f}, {early} of 50 early")
    return seen


print("uvloop", uvloop.__version__)
own = run("asyncio", asyncio.new_event_loop)
fast = run("uvloop", uvloop.new_event_loop)
is_never_early = all(least_ms > asked_ms - 0.1 and early == 0 for asked_ms, (least_ms, early) in own.items())
is_early = all(least_ms < asked_ms - 0.2 and early > 0 for asked_ms, (least_ms, early) in fast.items())
sys.exit(0 if is_never_early and is_early else 1)
PYTHON
