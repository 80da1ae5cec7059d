"""Much work in one moment is spread over turns of the loop, between which clock probes are answered."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise

from tests.server.conftest import FRAME_LIMIT_SEC, ControlServer, until
from unisono.hub import JOINS_PER_TURN
from unisono.turns import Turns


async def test_so_much_is_done_in_a_turn_and_all_of_it_in_order() -> None:
    turns, done = Turns(3), list[int]()
    done_by_turn = list[int]()
    for number in range(8):
        turns.take(partial(done.append, number))
    while len(done_by_turn) < 4:
        done_by_turn.append(len(done))
        await asyncio.sleep(0)
    assert done_by_turn == [3, 6, 8, 8]
    assert done == list(range(8))


async def test_what_comes_later_is_done_at_once_when_nothing_waits() -> None:
    turns, done = Turns(1), list[int]()
    for number in range(3):
        turns.take(partial(done.append, number))
        assert done == list(range(number + 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_work_that_fails_holds_nobody_else_up() -> None:
    turns, done = Turns(2), list[str]()

    def fail() -> None:
        raise ZeroDivisionError

    try:
        turns.take(fail)
    except ZeroDivisionError:
        done.append("failed")
    turns.take(partial(done.append, "second"))
    turns.take(partial(done.append, "third"))
    await until(lambda: len(done) == 3)
    assert done == ["failed", "second", "third"]


async def test_joins_that_come_in_one_moment_leave_turns_to_clock_probes(control: ControlServer) -> None:
    """A crowd's signatures in one turn of the loop held up everybody's clock for tens of ms."""
    ada = await control.joined("ada")
    crowd = [await control.connect(f"page {number}") for number in range(5 * JOINS_PER_TURN)]
    for page in crowd:
        await page.challenge()

    def seated() -> int:
        return sum(control.hub.registry.sizes().elements())

    seated_by_turn = [seated()]

    async def look_each_turn() -> None:
        while seated_by_turn[-1] < len(crowd) + 1:
            await asyncio.sleep(0)
            seated_by_turn.append(seated())

    async with asyncio.timeout(FRAME_LIMIT_SEC):
        await asyncio.gather(look_each_turn(), *(page.ask_in() for page in crowd))
    steps = [later - earlier for earlier, later in pairwise(seated_by_turn)]
    # Joins are read anywhere in a turn, so one look after another can see the shares of two.
    assert max(steps) <= 2 * JOINS_PER_TURN
    for page in crowd:
        await page.expect("welcome")
    assert await ada.is_served()


async def test_a_probe_right_behind_a_join_that_waits_is_answered(control: ControlServer) -> None:
    crowd = [await control.connect(f"page {number}") for number in range(2 * JOINS_PER_TURN)]
    for page in crowd:
        await page.challenge()
    for page in crowd:
        await page.ask_in()
        await page.send("ping", id=7, t0=1)
    for page in crowd:
        while (message := await page.receive())["type"] != "pong":
            pass
        assert message["id"] == 7
