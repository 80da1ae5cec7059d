"""A stopping server: who is told what and when, and what it does with whoever still comes."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.conftest import FRAME_LIMIT_SEC, ControlServer, StartControl, until
from unisono.config import Drain, Limits
from unisono.drain import plan_drain
from unisono.hub import DISMISSALS_PER_TURN
from unisono.protocol import CloseCode
from unisono.serve import drain_hub

SIZES = st.lists(st.integers(1, 64), max_size=300)


@given(sizes=SIZES, seed=st.integers(0, 999))
def test_a_swarm_goes_in_one_moment_and_is_told_to_be_back_in_one(sizes: list[int], seed: int) -> None:
    drain = Drain()
    departures = plan_drain(sizes, drain, random.Random(seed))
    assert [len(departure.retry_after_ms) for departure in departures] == sizes
    for departure in departures:
        assert 0 <= departure.delay_sec <= drain.max_spread_sec
        assert min(departure.retry_after_ms) >= drain.min_retry_ms
        assert max(departure.retry_after_ms) - min(departure.retry_after_ms) <= drain.within_swarm_ms


def test_a_party_is_back_soon() -> None:
    drain = Drain()
    [departure] = plan_drain([20], drain, random.Random(1))
    assert departure.delay_sec <= 0.4
    assert max(departure.retry_after_ms) <= drain.max_retry_ms


def test_a_crowd_comes_back_no_faster_than_one_server_lets_in() -> None:
    drain = Drain()
    departures = plan_drain([5] * 2000, drain, random.Random(1))
    returns_sec = sorted(
        departure.delay_sec + retry_ms / 1000
        for departure in departures
        for retry_ms in departure.retry_after_ms
    )
    per_sec = [len(list(group)) for _, group in itertools.groupby(returns_sec, key=int)]
    assert max(per_sec) <= Limits().handshakes_per_sec, (
        "more than the upgrade queue of the next server lets through"
    )


async def test_a_draining_server_takes_nobody_in_and_keeps_no_connection_open(control: ControlServer) -> None:
    control.readiness.is_draining = True
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await control.connect("ada")
    async with control.http.get(control.server.make_url("/readyz")) as answer:
        assert (answer.status, answer.headers["Connection"]) == (503, "close")


async def test_all_who_wait_in_the_upgrade_queue_are_refused_when_the_draining_begins(
    start_control: StartControl,
) -> None:
    """[B1] And not in their turn, which is minutes away here."""
    crowd = 2 * DISMISSALS_PER_TURN + 3
    control = await start_control(handshakes_per_sec=1 / 60, longest_upgrade_wait_sec=60 * crowd)
    ada = await control.joined("ada")
    waiting = [asyncio.ensure_future(control.connect("bo")) for _ in range(crowd)]
    await until(lambda: len(control.hub.upgrades) == crowd)
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        await control.readiness.drain(control.hub)
        refusals = await asyncio.gather(*waiting, return_exceptions=True)
    for refusal in refusals:
        assert isinstance(refusal, aiohttp.WSServerHandshakeError)
        assert refusal.headers is not None
        assert (refusal.status, refusal.headers["Retry-After"]) == (503, "1")
    assert len(control.hub.upgrades) == 0
    assert await ada.is_served(), "who is inside stays until it is told"


async def test_what_goes_wrong_with_one_keeps_nobody_else_from_being_told(
    control: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    [first, _] = control.hub.sessions()
    failing = AsyncMock(side_effect=RuntimeError("a bug"))
    monkeypatch.setattr(type(first), "go_away", per_session(first, failing, type(first).go_away))

    async def hear() -> int | None:
        while (await bo.receive())["type"] != "goaway":
            pass
        return await bo.expect_close()

    async with asyncio.timeout(FRAME_LIMIT_SEC):
        code, _ = await asyncio.gather(hear(), drain_hub(control.hub, Drain()))
    failing.assert_awaited()
    assert code == CloseCode.RESTART
    assert await ada.is_served()


async def test_one_that_never_goes_keeps_the_server_no_longer_than_it_may(
    start_control: StartControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = await start_control()
    await control.joined("ada")
    bo = await control.joined("bo")
    first, second = control.hub.sessions()

    def raises(_: int) -> None:
        raise RuntimeError("a bug, before there is anything to wait for")

    usual = type(first).go_away
    monkeypatch.setattr(type(first), "go_away", per_session(first, stays, per_session(second, raises, usual)))
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        await drain_hub(control.hub, Drain(close_timeout_sec=0.1))
    assert await bo.is_served()


async def stays(_: int) -> None:
    await asyncio.get_running_loop().create_future()


def per_session(chosen: object, instead: Any, usual: Any) -> Any:
    """A method that does something else for one object."""
    return lambda self, *arguments: instead(*arguments) if self is chosen else usual(self, *arguments)


async def test_rooms_are_swarms_and_who_sits_nowhere_is_alone(control: ControlServer) -> None:
    ada, bo, cy = [await control.connect(name) for name in ("ada", "bo", "cy")]
    await control.connect("ada")
    await ada.join()
    await bo.join()
    await cy.join("c" * 32)
    assert sorted(len(room) for room in control.hub.rooms()) == [1, 1, 2]
