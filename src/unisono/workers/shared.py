"""What the processes of one server know of each other: a small table in memory that all of them map.

Each process writes into a slot of its own and reads all of them, so nothing needs a lock and no message is
sent. Times are on the monotonic clock, which is one for all processes of a machine. An address is kept as a
row of counts, found by a keyed hash: addresses that meet in one row share an allowance, and nobody can choose
to.

    slots: number of the worker + 1 | time of its last beat, ns | its connections
    joins: for each row, when its allowance of joins is whole again, µs
    counts: for each row and slot, connections
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
from array import array
from collections.abc import Iterator

# Two in one row are as likely as for birthdays in a year of so many days; what they then share is a limit
# that few come near. Half a MB, and 128 KB for each slot.
ROWS = 65_536

# A worker beats each second. Its loop may be late by some of them before others count it as gone.
BEAT_PERIOD_SEC = 1.0
FRESH_NS = 5_000_000_000

SLOT_FIELDS = 4
NUMBER, BEAT_NS, CONNECTIONS = range(3)

SECRET_BYTES = 16
US_PER_MIN = 60_000_000
MOST_COUNT = 0xFFFF


class SharedTable:
    """The table, mapped from a file without a name: every process of the server maps the same memory."""

    def __init__(self, fd: int, workers: int, secret: bytes) -> None:
        self.fd = fd
        self.workers = workers
        self.secret = secret
        # Each worker, and the successor that serves beside it while it drains.
        self.slots = 2 * workers
        flags_bytes, slots_bytes, joins_bytes = 8, self.slots * SLOT_FIELDS * 8, ROWS * 8
        size_bytes = flags_bytes + slots_bytes + joins_bytes + ROWS * self.slots * 2
        if os.fstat(fd).st_size < size_bytes:
            os.ftruncate(fd, size_bytes)
        self._map = mmap.mmap(fd, size_bytes)
        whole = memoryview(self._map)
        joins_at = flags_bytes + slots_bytes
        counts_at = joins_at + joins_bytes
        self._flags = whole[:flags_bytes].cast("Q")
        self._slots = whole[flags_bytes:joins_at].cast("Q")
        self._whole_us = whole[joins_at:counts_at].cast("d")
        self._counts = whole[counts_at:].cast("H")
        self._views = (self._flags, self._slots, self._whole_us, self._counts, whole)

    @classmethod
    def create(cls, workers: int) -> SharedTable:
        """An empty one, for the supervisor. Others map its `fd`."""
        return cls(os.memfd_create("unisono-workers"), workers, os.urandom(SECRET_BYTES))

    def close(self) -> None:
        """Idempotent."""
        for view in self._views:
            view.release()
        self._map.close()
        with contextlib.suppress(OSError):  # closed before
            os.close(self.fd)

    # --- who serves -----------------------------------------------------------------------------------------

    @property
    def is_stopping(self) -> bool:
        """Whether the whole server stops, and not only one of its workers."""
        return bool(self._flags[0])

    def stop(self) -> None:
        self._flags[0] = 1

    def beat(self, slot: int, number: int, connections: int, now_ns: int) -> None:
        """Worker `number` serves, in this slot, and has so many connections."""
        first = slot * SLOT_FIELDS
        self._slots[first + CONNECTIONS] = connections
        self._slots[first + BEAT_NS] = now_ns
        self._slots[first + NUMBER] = number + 1

    def withdraw(self, slot: int) -> None:
        """The process of this slot lets nobody in any more; what it counted stays counted."""
        self._slots[slot * SLOT_FIELDS + NUMBER] = 0

    def clear(self, slot: int) -> None:
        """The process of this slot has ended, and its connections with it."""
        self.withdraw(slot)
        self._slots[slot * SLOT_FIELDS + CONNECTIONS] = 0
        self._counts[slot :: self.slots] = array("H", bytes(ROWS * 2))

    def are_all_serving(self, now_ns: int) -> bool:
        """Whether each worker has told of itself lately."""
        fresh = {
            number
            for number, beat_ns, _ in self._told()
            if number is not None and now_ns - beat_ns < FRESH_NS
        }
        return len(fresh) == self.workers

    def most_connections(self) -> int:
        """Of the fullest worker: a newcomer may have to go to that one."""
        return max((connections for number, _, connections in self._told() if number is not None), default=0)

    def _told(self) -> Iterator[tuple[int | None, int, int]]:
        for first in range(0, len(self._slots), SLOT_FIELDS):
            number, beat_ns, connections, _ = self._slots[first : first + SLOT_FIELDS]
            yield (number - 1 if number else None), beat_ns, connections

    # --- allowances of an address ---------------------------------------------------------------------------

    def row_of(self, address_key: str) -> int:
        digest = hashlib.blake2b(address_key.encode(), key=self.secret, digest_size=4).digest()
        return int.from_bytes(digest) % ROWS

    def connections_of(self, row: int) -> int:
        """All processes' together."""
        first = row * self.slots
        return sum(self._counts[first : first + self.slots])

    def count(self, row: int, slot: int, change: int) -> None:
        """Adds to the connections that this slot's process has of an address."""
        at = row * self.slots + slot
        self._counts[at] = min(MOST_COUNT, max(0, self._counts[at] + change))

    def take_join(self, row: int, per_min: int, now_us: int) -> bool:
        """Whether an address may join once more, of a burst of `per_min` joins that refills in a minute.

        A token bucket written as the moment when it is full again, so that it is one number, and two
        processes that write it at once lose one join and nothing else.
        """
        whole_us = max(self._whole_us[row], float(now_us)) + US_PER_MIN / per_min
        if whole_us - now_us > US_PER_MIN:
            return False
        self._whole_us[row] = whole_us
        return True
