"""What aiortc knows and does not tell: the only place that reaches behind its public face.

tests/peer/test_aiortc_inside.py holds it to the library as it is installed.
"""

from __future__ import annotations

from aiortc import RTCPeerConnection


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
