"""A stopping server: who is told what and when, and what it does with whoever still comes."""

from __future__ import annotations

import asyncio
import itertools
import random

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.conftest import ControlServer, StartControl, until
from unisono.config import Goodbye
from unisono.farewell import plan_partings

SIZES = st.lists(st.integers(1, 64), max_size=300)


@given(sizes=SIZES, seed=st.integers(0, 999))
def test_a_swarm_goes_in_one_moment_and_is_told_to_be_back_in_one(sizes: list[int], seed: int) -> None:
    goodbye = Goodbye()
    partings = plan_partings(sizes, goodbye, random.Random(seed))
    assert [len(parting.retry_after_ms) for parting in partings] == sizes
    for parting in partings:
        assert 0 <= parting.delay_sec <= goodbye.max_spread_sec
        assert min(parting.retry_after_ms) >= goodbye.min_retry_ms
        assert max(parting.retry_after_ms) - min(parting.retry_after_ms) <= goodbye.within_swarm_ms


def test_a_party_is_back_soon() -> None:
    goodbye = Goodbye()
    [parting] = plan_partings([20], goodbye, random.Random(1))
    assert parting.delay_sec <= 0.4
    assert max(parting.retry_after_ms) <= goodbye.max_retry_ms


def test_a_crowd_comes_back_no_faster_than_one_server_lets_in() -> None:
    goodbye = Goodbye()
    partings = plan_partings([5] * 2000, goodbye, random.Random(1))
    returns_sec = sorted(
        parting.delay_sec + retry_ms / 1000 for parting in partings for retry_ms in parting.retry_after_ms
    )
    per_sec = [len(list(group)) for _, group in itertools.groupby(returns_sec, key=int)]
    assert max(per_sec) <= 400, "more than the turnstile of the next server lets through"


async def test_a_draining_server_takes_nobody_in_and_keeps_no_connection_open(control: ControlServer) -> None:
    control.readiness.is_draining = True
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await control.connect("ada")
    async with control.http.get(control.server.make_url("/readyz")) as answer:
        assert (answer.status, answer.headers["Connection"]) == (503, "close")


async def test_who_waits_at_the_turnstile_is_refused_when_the_draining_begins(
    start_control: StartControl,
) -> None:
    control = await start_control(handshakes_per_sec=1)
    ada = await control.joined("ada")
    waiting = asyncio.ensure_future(control.connect("bo"))
    await until(lambda: control.hub.turnstile.wait_us(0) > 1_000_000)
    control.readiness.is_draining = True
    [refusal] = await asyncio.gather(waiting, return_exceptions=True)
    assert isinstance(refusal, aiohttp.WSServerHandshakeError)
    assert refusal.status == 503
    assert await ada.is_served(), "who is inside stays until it is told"


async def test_rooms_are_swarms_and_who_sits_nowhere_is_alone(control: ControlServer) -> None:
    ada, bo, cy = [await control.connect(name) for name in ("ada", "bo", "cy")]
    await control.connect("ada")
    await ada.join()
    await bo.join()
    await cy.join("c" * 32)
    assert sorted(len(room) for room in control.hub.rooms()) == [1, 1, 2]
