"""What aiortc knows and does not tell: the only place that reaches behind its public face.

tests/peer/test_aiortc_inside.py holds it to the library as it is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiortc import RTCPeerConnection, RTCSctpTransport
from aiortc.rtcicetransport import parse_stun_turn_uri

# RFC 9260, 6.2: every second packet is acknowledged, and none later than after 200 ms. aiortc answers each
# packet, which took a quarter of the processor time of both ends. No more than two are put together: aiortc
# and browsers send four packets at most for each acknowledgement, so that of four would never let more be
# under way than were at first.
PACKETS_ACKNOWLEDGED = 2
ACKNOWLEDGED_AFTER_SEC = 0.02


MAX_PORT = 0xFFFF


def can_use(ice_url: str) -> bool:
    """Whether it is an address of a STUN or TURN server that aiortc can read. For one that it cannot, such as
    an IPv6 address in brackets (1.16), it makes no connection at all.
    """
    try:
        port: int = parse_stun_turn_uri(ice_url)["port"]
    except ValueError:
        return False
    return 0 < port <= MAX_PORT


def packets_received(connection: RTCPeerConnection) -> int:
    """Packets that came over the connection so far, acknowledgements included; 0 before it is made."""
    if connection.sctp is None:
        return 0
    report = connection.sctp.transport._get_stats()  # noqa: SLF001 - getStats() tells it of media alone
    return sum(each.packetsReceived for each in report.values())


def own_addresses_of(connection: RTCPeerConnection) -> list[str]:
    """The addresses of this device from which the connection was made, those on relays left out."""
    if connection.sctp is None:
        return []
    gatherer = connection.sctp.transport.transport.iceGatherer
    return [each.ip for each in gatherer.getLocalCandidates() if each.type == "host"]


def acknowledge_by_twos(connection: RTCPeerConnection) -> None:
    """From then on; call it once, when the connection has a channel and before it is made."""
    if connection.sctp is not None:
        _Acknowledgements(connection.sctp)


class _Acknowledgements:
    """Stands before what acknowledges all that has come. What came out of order, or twice, does not wait."""

    def __init__(self, sctp: RTCSctpTransport) -> None:
        self._sctp = sctp
        self._send: Callable[[], Awaitable[None]] = sctp._send_sack  # noqa: SLF001 - there is no other way in
        sctp._send_sack = self._packet_came  # type: ignore[method-assign] # noqa: SLF001
        self._unacknowledged = 0
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    async def _packet_came(self) -> None:
        self._unacknowledged += 1
        is_odd = self._sctp._sack_misordered or self._sctp._sack_duplicates  # noqa: SLF001
        if is_odd or self._unacknowledged >= PACKETS_ACKNOWLEDGED:
            await self._acknowledge()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ACKNOWLEDGED_AFTER_SEC, self._is_late)

    async def _acknowledge(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._unacknowledged = 0
        await self._send()

    def _is_late(self) -> None:
        self._timer = None
        self._late = asyncio.get_running_loop().create_task(self._acknowledge_late())

    async def _acknowledge_late(self) -> None:
        # Closed meanwhile, its transport takes nothing any more.
        with contextlib.suppress(ConnectionError):
            await self._acknowledge()
