"""What this peer has asked of the queue, until it is done and for a minute longer, as
web/src/session/core/queue-requests.ts: another director's queue may not know of it, and then it is asked
again (Q25, Q26 of docs/spec/queue.md). Pure; local ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unisono.peer.constants.director import (
    MAX_OWN_REQUESTS,
    MAX_QUEUE_DONE,
    REQUEST_KEPT_MS,
    REQUEST_PERIOD_MS,
)
from unisono.peer.queue import Queue, QueueRequest, is_done

# What is repeated must not use up what the others admit of one member.
REPEATS_PER_TURN = 1
NEW_PER_TURN = 4


@dataclass
class _Kept:
    request: QueueRequest
    sent_local_ms: float | None = None
    # When the queue first showed it, and what was done before it.
    done: tuple[float, Sequence[str]] | None = None


class QueueRequests:
    def __init__(self) -> None:
        self._kept: list[_Kept] = []

    def add(self, request: QueueRequest) -> bool:
        """False: too many are not done yet. What is kept already is asked anew as it was."""
        known = next((kept for kept in self._kept if kept.request.request_id == request.request_id), None)
        if known is not None:
            known.done, known.sent_local_ms = None, None
            return True
        if len(self._kept) >= MAX_OWN_REQUESTS:
            oldest_done = next((kept for kept in self._kept if kept.done is not None), None)
            if oldest_done is None:
                return False
            self._kept.remove(oldest_done)
        self._kept.append(_Kept(request))
        return True

    def look(self, queue: Queue, local_ms: float) -> None:
        """At the queue as it is now known."""
        self._kept = [
            kept for kept in self._kept if kept.done is None or local_ms - kept.done[0] < REQUEST_KEPT_MS
        ]
        for kept in self._kept:
            request_id = kept.request.request_id
            if is_done(queue, request_id):
                if kept.done is None:
                    at = queue.done.index(request_id) if request_id in queue.done else 0
                    kept.done = local_ms, queue.done[:at]
            elif kept.done is not None and _is_unknown(queue, kept.done[1]):
                kept.done, kept.sent_local_ms = None, None

    def due(self, local_ms: float) -> list[QueueRequest]:
        """What is to be asked now; it counts as asked then."""
        fresh = [kept for kept in self._kept if kept.done is None and kept.sent_local_ms is None]
        late = [
            (kept.sent_local_ms, number, kept)
            for number, kept in enumerate(self._kept)
            if kept.done is None
            and kept.sent_local_ms is not None
            and local_ms - kept.sent_local_ms >= REQUEST_PERIOD_MS
        ]
        due = fresh[:NEW_PER_TURN] or [kept for *_, kept in sorted(late)[:REPEATS_PER_TURN]]
        for kept in due:
            kept.sent_local_ms = local_ms
        return [kept.request for kept in due]


def _is_unknown(queue: Queue, before: Sequence[str]) -> bool:
    """Whether a queue that does not show a request never knew it, and has not just forgotten it."""
    return len(queue.done) < MAX_QUEUE_DONE or any(each in queue.done for each in before)
