"""What one member may make this peer do by words through the relay, all of them legal. Pure; local ms.

The budgets of web/src/session/core/member-budgets.ts: what is over budget is not heard. Heartbeats and
statuses repeat themselves, so who means well loses nothing by it, and one member's budget is no other's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unisono.peer.constants.session import MAX_BUDGETS
from unisono.peer.heartbeat_message import HeartbeatMessage
from unisono.peer.peer_message import PeerMessage, StatusMessage
from unisono.peer.queue import Queue, QueueRequest
from unisono.peer.queue_message import QueueAsk
from unisono.peer.role_message import RoleRequest
from unisono.peer.signal import Call, Offer

Budgeted = Literal[
    "message",
    "heartbeat",
    "status",
    "queue",
    "queue-request",
    "queue-ask",
    "role-request",
    "asked",
    "offer",
    "signal",
]

# Per second in the long run, and at once.
BUDGETS: dict[Budgeted, tuple[float, float]] = {
    "message": (20, 200),  # before it is opened; the server lets 50 a second through
    "heartbeat": (4, 20),
    "status": (4, 20),
    "queue": (5, 20),  # the director's after each edit, and one that is handed to it
    "queue-request": (6, 60),  # each may change the queue for everybody; who adds an album sends many
    "queue-ask": (1, 5),  # each is answered with the whole queue
    "role-request": (3, 20),  # each may change what this peer plays
    "asked": (1, 5),  # each is answered with a status of this peer
    "offer": (0.5, 10),  # each makes a connection anew
    "signal": (10, 100),
}


KINDS: tuple[tuple[tuple[type, ...], Budgeted], ...] = (
    ((StatusMessage,), "status"),
    ((HeartbeatMessage,), "heartbeat"),
    ((Queue,), "queue"),
    ((QueueRequest,), "queue-request"),
    ((QueueAsk,), "queue-ask"),
    ((RoleRequest,), "role-request"),
    ((Offer, Call), "offer"),
)


@dataclass
class _Bucket:
    level: float
    filled_local_ms: float


class MemberBudgets:
    def __init__(self) -> None:
        self._spent: dict[str, dict[Budgeted, _Bucket]] = {}

    def __len__(self) -> int:
        return len(self._spent)

    def admits(self, sender: str, kind: Budgeted, local_ms: float) -> bool:
        """Takes one of the member's budget for it; False: it has used that up."""
        buckets = self._spent.pop(sender, {})
        self._spent[sender] = buckets  # as the last
        if len(self._spent) > MAX_BUDGETS:
            del self._spent[next(iter(self._spent))]
        per_sec, burst = BUDGETS[kind]
        bucket = buckets.setdefault(kind, _Bucket(burst, local_ms))
        gained = max(0.0, local_ms - bucket.filled_local_ms) / 1000 * per_sec
        bucket.level = min(burst, bucket.level + gained)
        bucket.filled_local_ms = local_ms
        if bucket.level < 1:
            return False
        bucket.level -= 1
        return True


def budget_for(message: PeerMessage) -> Budgeted:
    return next((kind for types, kind in KINDS if isinstance(message, types)), "signal")
