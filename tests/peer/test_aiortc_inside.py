"""What is read behind aiortc's public face is there, and means what it is taken for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

from unisono.peer.aiortc_inside import acknowledge_by_twos, own_addresses_of, packets_received
from unisono.peer.link import for_aiortc
from unisono.peer.own_network import own_addresses
from unisono.protocol import IceServer


async def test_packets_count_once_there_is_a_connection() -> None:
    async with asyncio.timeout(30):
        one, other = RTCPeerConnection(RTCConfiguration([])), RTCPeerConnection(RTCConfiguration([]))
        assert packets_received(one) == 0
        channels = [each.createDataChannel("any", negotiated=True, id=0) for each in (one, other)]
        acknowledge_by_twos(other)
        is_open, has_come = asyncio.Event(), asyncio.Event()
        channels[0].on("open", is_open.set)
        channels[1].on("message", lambda _: has_come.set())
        await one.setLocalDescription(await one.createOffer())
        await other.setRemoteDescription(one.localDescription)
        await other.setLocalDescription(await other.createAnswer())
        await one.setRemoteDescription(other.localDescription)
        await is_open.wait()
        before = packets_received(other)
        channels[0].send(b"x" * 10_000)
        await has_come.wait()
        assert packets_received(other) >= before + 8
        has_come.clear()
        before, before_here = packets_received(other), packets_received(one)
        channels[0].send(b"x" * 60_000)
        await has_come.wait()
        assert one.sctp is not None
        while one.sctp._sent_queue:  # noqa: ASYNC110 - aiortc tells nobody that all is acknowledged
            await asyncio.sleep(0.01)
        came = packets_received(other) - before
        assert came >= 50
        assert packets_received(one) - before_here <= 0.7 * came
        assert own_addresses_of(one)
        assert set(own_addresses_of(one)) <= own_addresses()
        await one.close()
        await other.close()


async def test_an_address_that_aiortc_cannot_read_costs_no_connection() -> None:
    """A server that is reached at an IPv6 address tells its own STUN responder by it."""
    servers = [
        IceServer(urls=["stun:[2001:db8::7]:3478"]),
        IceServer(urls=["turn:[2001:db8::7]:3478", "turn:127.0.0.1:3478"], username="a", credential="b"),
        IceServer(urls=["stun:127.0.0.1:99999", "http://127.0.0.1", "stun:"]),
    ]
    told = for_aiortc(servers)
    assert [server.urls for server in told] == [["turn:127.0.0.1:3478"]]
    connection = RTCPeerConnection(RTCConfiguration(told))
    connection.createDataChannel("any", negotiated=True, id=0)
    await connection.close()
    # Should the library come to read them, nothing need be left out.
    with pytest.raises(ValueError, match="malformed"):
        RTCPeerConnection(RTCConfiguration([RTCIceServer(servers[0].urls)])).createDataChannel("any")


def test_before_anything_was_gathered_there_is_no_address() -> None:
    async def run() -> None:
        connection = RTCPeerConnection(RTCConfiguration([]))
        assert own_addresses_of(connection) == []
        await connection.close()

    asyncio.run(run())


class FakeConnection:
    """Counts acknowledgements as aiortc would send them."""

    def __init__(self) -> None:
        self.sent = 0
        self.sctp: Any = SimpleNamespace(_sack_misordered=set(), _sack_duplicates=[], _send_sack=self._send)

    async def _send(self) -> None:
        self.sent += 1


async def test_every_second_packet_is_acknowledged_and_a_last_one_a_little_later() -> None:
    connection: Any = FakeConnection()
    acknowledge_by_twos(connection)
    for _ in range(5):
        await connection.sctp._send_sack()
    assert connection.sent == 2
    async with asyncio.timeout(30):
        while connection.sent < 3:  # noqa: ASYNC110 - its timer tells nobody
            await asyncio.sleep(0.01)


async def test_what_came_out_of_order_or_twice_is_acknowledged_at_once() -> None:
    connection: Any = FakeConnection()
    acknowledge_by_twos(connection)
    connection.sctp._sack_misordered.add(7)
    await connection.sctp._send_sack()
    assert connection.sent == 1
    connection.sctp._sack_misordered.clear()
    connection.sctp._sack_duplicates.append(7)
    await connection.sctp._send_sack()
    assert connection.sent == 2
