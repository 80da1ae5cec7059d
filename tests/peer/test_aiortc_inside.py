"""What is read behind aiortc's public face is there, and means what it is taken for."""

from __future__ import annotations

import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection

from unisono.peer.aiortc_inside import own_addresses_of, packets_received
from unisono.peer.own_network import own_addresses


async def test_packets_count_once_there_is_a_connection() -> None:
    async with asyncio.timeout(30):
        one, other = RTCPeerConnection(RTCConfiguration([])), RTCPeerConnection(RTCConfiguration([]))
        assert packets_received(one) == 0
        channels = [each.createDataChannel("any", negotiated=True, id=0) for each in (one, other)]
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
        assert own_addresses_of(one)
        assert set(own_addresses_of(one)) <= own_addresses()
        await one.close()
        await other.close()


def test_before_anything_was_gathered_there_is_no_address() -> None:
    async def run() -> None:
        connection = RTCPeerConnection(RTCConfiguration([]))
        assert own_addresses_of(connection) == []
        await connection.close()

    asyncio.run(run())
