"""What waits to be written, for all connections together: a budget, and who is closed when it is spent. Pure.

A connection has its own limit, `queue_bytes`; times ten thousand that is gigabytes. Here all have one budget.
Transports say how much waits when they are asked, and do not say when it has gone out, so the sum kept here
is at least the true one. When it exceeds the budget, all that were noted are asked again, so many at a time
that nobody's clock waits for it, and if it is true the longest queues are closed until a quarter is free. So
asking costs little, as the next time comes a quarter of the budget later. Knows no clock and no socket.
"""

from __future__ import annotations

from collections.abc import Callable

from unisono.swarm import ConnectionId

# What is left of the budget after closing the worst readers.
SHARE_AFTER = 0.75

# Who is asked anew at a time, half a ms of work.
ASKED_AT_ONCE = 1_000


class Backlog:
    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._queues: dict[ConnectionId, int] = {}
        self._total_bytes = 0
        self._to_ask: list[ConnectionId] = []

    @property
    def total_bytes(self) -> int:
        """At least what waits."""
        return self._total_bytes

    def note(self, connection: ConnectionId, queue_bytes: int) -> bool:
        """After a write: so much waits for this connection. Whether the budget is exceeded, as far as known:
        then call `ask_some`.
        """
        self._total_bytes += queue_bytes - self._queues.get(connection, 0)
        if queue_bytes == 0:
            self._queues.pop(connection, None)
        else:
            self._queues[connection] = queue_bytes
        return self._total_bytes > self._budget_bytes

    def forget(self, connection: ConnectionId) -> None:
        """The connection is gone, and with it what waited. Harmless for one that was never noted."""
        self._total_bytes -= self._queues.pop(connection, 0)

    def ask_some(self, queue_bytes_of: Callable[[ConnectionId], int]) -> bool:
        """Asks some of those noted anew; whether all have been asked since this last was so. Then call
        `worst`, otherwise this once more, in another turn of the loop.
        """
        if not self._to_ask:
            self._to_ask.extend(self._queues)
        for _ in range(min(ASKED_AT_ONCE, len(self._to_ask))):
            connection = self._to_ask.pop()
            if connection in self._queues:
                self.note(connection, queue_bytes_of(connection))
        return not self._to_ask

    def worst(self) -> list[ConnectionId]:
        """The longest queues, to be cut off at once, or none if the budget holds. They are forgotten."""
        if self._total_bytes <= self._budget_bytes * SHARE_AFTER:
            return []
        cut: list[ConnectionId] = []
        for connection in sorted(self._queues, key=self._queues.__getitem__, reverse=True):
            if self._total_bytes <= self._budget_bytes * SHARE_AFTER:
                break
            cut.append(connection)
            self.forget(connection)
        return cut
