"""What this peer does about the queue: asks, takes what the others say, carries requests out where it
directs, and says what follows. Pure; local ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unisono.peer.ambient import Chance
from unisono.peer.plan import Record
from unisono.peer.queue import Add, Asking, Queue, QueueOp, QueueRequest, QueueStamp, apply_request
from unisono.peer.queue_message import QueueAsk, QueueMessage
from unisono.peer.queue_register import Office, QueueRegister
from unisono.peer.queue_requests import QueueRequests

ENTRY_ID_BYTES = 8


@dataclass(frozen=True)
class Standing:
    """Who directs, as this peer sees it, and what plays."""

    office: Office
    # Of the latest director; resigned or not.
    record: Record | None
    # What plays or keeps its place: it is not to come.
    current_id: str | None
    # Of whom the server says that they are here.
    present: frozenset[str] = frozenset()
    # Nobody can be told anything.
    is_detached: bool = False

    @property
    def is_writer(self) -> bool:
        """Plan and queue are this peer's to write, also while it hears no server."""
        record = self.record
        return record is not None and record.user_id == self.office.me and not record.is_resigned


class QueueKeeper:
    """`send(to, message)`; to None: to all."""

    def __init__(
        self,
        chance: Chance,
        standing: Callable[[], Standing],
        send: Callable[[str | None, QueueMessage], None],
    ) -> None:
        self._chance = chance
        self._standing = standing
        self._send = send
        self._register = QueueRegister()
        self._requests = QueueRequests()

    @property
    def queue(self) -> Queue:
        return self._register.queue

    def request(self, op: QueueOp) -> QueueRequest:
        """A new one, which is not asked by that."""
        return QueueRequest(self._chance.bytes(ENTRY_ID_BYTES).hex(), op)

    def ask(self, op: QueueOp) -> str:
        """Asks for a change from the next turn on; returns the request's id, which an added entry has too."""
        request = self.request(op)
        self._requests.add(request)
        return request.request_id

    def is_settled(self, local_ms: float) -> bool:
        """Whether this peer, should it direct, knows the queue that it directs by."""
        return self._register.is_settled(self._standing().office, local_ms)

    def write(self, queue: Queue) -> None:
        """As the director; the same queue again changes nothing."""
        standing = self._standing()
        if standing.is_writer and standing.record is not None:
            self._register.write(queue, standing.record)

    def heard_stamp(self, sender: str, stamp: QueueStamp | None) -> None:
        """Which queue the director in office has."""
        self._register.heard_stamp(sender, stamp)

    def receive(self, sender: str, message: QueueMessage, local_ms: float) -> None:
        standing = self._standing()
        is_mine = standing.office.director_id == standing.office.me
        match message:
            case Queue():
                self._register.receive(sender, message, standing.office, standing.record)
            case QueueRequest():
                if is_mine and self.is_settled(local_ms):
                    self._carry_out(message, sender)
            case QueueAsk():
                if is_mine:
                    self._register.asked(sender)

    def turn(self, local_ms: float) -> None:
        """Says what is to be said; call it a few times a second."""
        standing = self._standing()
        self._ask_again(standing.present)
        self._requests.look(self.queue, local_ms)
        if self.is_settled(local_ms) if standing.is_writer else not standing.is_detached:
            for request in self._requests.due(local_ms):
                if standing.is_writer:
                    self._carry_out(request, standing.office.me)
                else:
                    self._send(None, request)
        self._requests.look(self.queue, local_ms)
        for outgoing in self._register.turn(standing.office, local_ms):
            self._send(outgoing.to, outgoing.message)

    def _ask_again(self, present: frozenset[str]) -> None:
        """Q37: what this peer added, and those who are gone, comes behind what the other queue holds."""
        for entry in self._register.take_displaced():
            if entry.added_by not in present:
                self._requests.add(QueueRequest(entry.entry_id, Add(entry.file_id, entry.duration_us)))

    def _carry_out(self, request: QueueRequest, by: str) -> None:
        standing = self._standing()
        is_director = standing.is_writer and by == standing.office.me
        changed, _ = apply_request(self.queue, request, Asking(by, is_director, standing.current_id))
        self.write(changed)
