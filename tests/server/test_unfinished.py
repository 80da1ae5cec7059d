"""What the server keeps of messages that come in bursts, in halves and in pieces, on real sockets."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest
from picows.picows import WSProtocol  # type: ignore[attr-defined] # not in its stub

from lab.joiner import SWARM
from tests.server.conftest import ControlServer, StartControl, until
from tests.server.raw_socket import RawSocket, frame, handshake
from unisono.control_feed import READ_BUFFER_BYTES
from unisono.session import ControlSession


async def joined(control: ControlServer, name: str, swarm_id: str) -> RawSocket:
    raw = await RawSocket.connect(control.server.host, control.server.port)
    raw.send(handshake())
    await raw.response()
    await raw.join(name, swarm_id)
    return raw


async def test_a_burst_leaves_nothing_behind_and_waits_where_it_costs_nothing(control: ControlServer) -> None:
    """[B3] A hundred and fifty KB in one go, within the rate: they wait in the kernel, not here."""
    opened = await joined(control, "bo", SWARM)
    [session] = cast("list[ControlSession]", control.hub.sessions())
    opened.send(60 * frame(msgspec.json.encode({"type": "relay", "body": "A" * 2_400})))
    waited = 0

    def is_done() -> bool:
        nonlocal waited
        waited = max(waited, len(session._waiting or ()))
        return control.hub.metrics.messages_received["relay"] == 60

    await until(is_done)
    assert waited < 20
    room = WSProtocol.get_buffer(session._transport.get_protocol(), -1)
    assert len(room) < 4 * READ_BUFFER_BYTES
    opened.say("ping", id=1, t0=0)
    assert (await opened.receive())["type"] == "pong"
    opened.drop()


HALVES = {
    "half a frame": frame(b"x" * 24_000)[:-1],
    "half a message": frame(b"x" * 24_000, bits=0),
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
async def test_who_keep_too_much_unfinished_together_are_cut_off(
    start_control: StartControl, half: bytes
) -> None:
    """[B3]"""
    control = await start_control(unfinished_bytes=100_000)
    ada = await control.joined("ada")
    rude = []
    for number in range(12):
        rude.append(await joined(control, f"page {number}", f"{number:032x}"))
        rude[-1].send(half)
    await until(lambda: control.hub.metrics.closes["rate_limited"] > 0)
    await until(lambda: control.hub.unfinished.total_bytes <= 100_000)
    assert await ada.is_served()
    for raw in rude:
        raw.drop()
    await until(lambda: control.hub.metrics.connections == 1)
    assert control.hub.unfinished.total_bytes == 0
