"""The queue as this peer knows it, and how the director's gets to everybody, as
web/src/session/core/queue-register.ts (Q21 to Q24, Q36, Q37 of docs/spec/queue.md). Pure; local ms.

The director's word counts: who has an earlier queue asks for it, who has a later one hands it over, and whose
later one the director does not take gives it up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from unisono.peer.constants.director import (
    MAX_QUEUE_DONE,
    MAX_QUEUE_HANDOVERS,
    QUEUE_ASK_PERIOD_MS,
    QUEUE_PERIOD_MS,
    QUEUE_SETTLE_MS,
)
from unisono.peer.plan import Record
from unisono.peer.queue import Queue, QueueEntry, QueueStamp, compare_stamps, is_taken_over, stamped
from unisono.peer.queue_message import QueueAsk, QueueMessage

# After a change of director a whole room may have the later queue: they hand it over one after the other, by
# their ids.
HANDOVER_MS_PER_ID = 2.0
# A crowd that comes back at once is answered over some moments.
ANSWERS_PER_TURN = 4


@dataclass(frozen=True)
class Office:
    """Who directs, as far as this peer knows; a director that hears no server tells nobody."""

    me: str
    is_alone: bool
    director_id: str | None
    is_directing: bool


@dataclass(frozen=True)
class Outgoing:
    # None: to all.
    to: str | None
    message: QueueMessage


class QueueRegister:
    def __init__(self) -> None:
        self._queue = Queue()
        # Of the director's queue by its last heartbeat; None: it has none, or none was heard of it.
        self._director_stamp: QueueStamp | None = None
        self._heard_of: str | None = None
        # Written, and not told yet.
        self._is_new = False
        self._told_local_ms = -math.inf
        self._asked_local_ms = -math.inf
        self._asking: dict[str, None] = {}
        self._displaced: list[QueueEntry] = []
        self._is_later_since_local_ms: float | None = None
        # Since when this peer directs.
        self._office_since_local_ms: float | None = None
        self._handovers = 0

    @property
    def queue(self) -> Queue:
        return self._queue

    def is_settled(self, office: Office, local_ms: float) -> bool:
        """Q36: a new director writes nothing for a moment where it knows that others have a later queue: that
        is being handed to it, and would be lost.
        """
        own = self._queue.stamp
        is_unheard = own is None and self._heard_of is None and not office.is_alone
        if not is_unheard and compare_stamps(self._director_stamp, own) <= 0:
            return True
        since_local_ms = self._office_since_local_ms if office.director_id == office.me else local_ms
        return local_ms - (local_ms if since_local_ms is None else since_local_ms) >= QUEUE_SETTLE_MS

    def write(self, queue: Queue, record: Record) -> None:
        """The director of `record`, this peer, changes it. The same queue again changes nothing."""
        if queue != self._queue:
            self._queue = stamped(queue, record)
            self._is_new = True

    def take_displaced(self) -> list[QueueEntry]:
        """Q37: what stood in a queue that gave way to one which never knew of it; once."""
        displaced, self._displaced = self._displaced, []
        return displaced

    def heard_stamp(self, sender: str, stamp: QueueStamp | None) -> None:
        """The director in office has this queue."""
        if sender != self._heard_of:
            self._settle()
        self._heard_of = sender
        self._director_stamp = stamp

    def asked(self, by: str) -> None:
        """Somebody asks this peer, which directs."""
        self._asking[by] = None

    def receive(self, sender: str, queue: Queue, office: Office, record: Record | None) -> None:
        """Somebody's queue arrived; `record` is the latest director's."""
        if queue.stamp is None or record is None:
            return
        if office.director_id == office.me:
            if is_taken_over(self._queue.stamp, queue.stamp, record):
                self._give(queue)
                self._is_new = True
        elif sender == office.director_id:
            is_later = compare_stamps(queue.stamp, self._queue.stamp) > 0
            if is_later or self._handovers >= MAX_QUEUE_HANDOVERS:
                self._give(queue)

    def turn(self, office: Office, local_ms: float) -> list[Outgoing]:
        """What is to be said now."""
        if office.director_id != office.me:
            self._office_since_local_ms = None
        else:
            if self._office_since_local_ms is None:
                self._office_since_local_ms = local_ms
            self._settle()
        if office.is_directing:
            return self._answers(local_ms)
        self._asking.clear()
        if office.director_id in (None, office.me) or office.director_id != self._heard_of:
            return []
        order = compare_stamps(self._director_stamp, self._queue.stamp)
        if order == 0:
            self._settle()
            return []
        if local_ms - self._asked_local_ms < QUEUE_ASK_PERIOD_MS:
            return []
        if order > 0 or self._handovers >= MAX_QUEUE_HANDOVERS:
            return self._ask(office.director_id, local_ms)
        return self._hand_over(office, local_ms)

    def _ask(self, director_id: str | None, local_ms: float) -> list[Outgoing]:
        """Q21."""
        if self._director_stamp is None:
            self._give(Queue())  # the director has none, and takes none
            return []
        self._asked_local_ms = local_ms
        return [Outgoing(director_id, QueueAsk())]

    def _hand_over(self, office: Office, local_ms: float) -> list[Outgoing]:
        """Q22."""
        if self._is_later_since_local_ms is None:
            self._is_later_since_local_ms = local_ms
        if local_ms - self._is_later_since_local_ms < HANDOVER_MS_PER_ID * int(office.me[:2], 16):
            return []
        self._asked_local_ms = local_ms
        self._handovers += 1
        return [Outgoing(office.director_id, self._queue)]

    def _answers(self, local_ms: float) -> list[Outgoing]:
        """Q23."""
        if self._is_new and local_ms - self._told_local_ms >= QUEUE_PERIOD_MS:
            self._is_new = False
            self._told_local_ms = local_ms
            self._asking.clear()
            return [Outgoing(None, self._queue)]
        if self._queue.stamp is None:
            return []
        answered = list(self._asking)[:ANSWERS_PER_TURN]
        for user_id in answered:
            del self._asking[user_id]
        return [Outgoing(user_id, self._queue) for user_id in answered]

    def _give(self, queue: Queue) -> None:
        """Another's queue in place of one's own."""
        self._displaced += _unknown_to(queue, self._queue.entries)
        self._queue = queue
        self._is_new = False

    def _settle(self) -> None:
        self._is_later_since_local_ms = None
        self._handovers = 0


def _unknown_to(queue: Queue, others: Sequence[QueueEntry]) -> list[QueueEntry]:
    """Which of these entries nobody ever added to that queue; told only of one so young that it still
    remembers every request. Two queues that know nothing else of each other may both hold a request that was
    asked of everybody, so each entry is looked at by itself.
    """
    if len(queue.done) >= MAX_QUEUE_DONE:
        return []
    known = {*queue.done, *(each.entry_id for each in (*queue.entries, *queue.played))}
    return [each for each in others if each.entry_id not in known]
