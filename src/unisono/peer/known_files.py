"""The files this peer knows: how many, under which numbers it lists them, what fits and what makes way. Pure.

It sees the neighbours, who name files, and changes nothing about them; what it says to let go or to forget,
the transfer core does.
"""

from __future__ import annotations

from collections.abc import Mapping

from unisono.peer.file_state import MAX_KNOWN_FILES, KnownFile, Neighbour
from unisono.peer.safe_text import clean_line

# The numbers under which files are listed are 16 bits on the wire.
LISTING_SLOTS = 0x10000


class KnownFiles:
    def __init__(self, neighbours: Mapping[str, Neighbour], capacity_bytes: int) -> None:
        self._neighbours = neighbours
        # May change while the peer stays: so does the room on its disc.
        self.capacity_bytes = capacity_bytes
        # The playing or prepared file goes before all others.
        self.preferred: str | None = None
        self.by_id: dict[str, KnownFile] = {}
        self._next_slot = 0

    @property
    def is_full(self) -> bool:
        return len(self.by_id) >= MAX_KNOWN_FILES

    def get(self, file_id: str) -> KnownFile | None:
        return self.by_id.get(file_id)

    def learn(self, file_id: str, size_bytes: int, name: str) -> KnownFile:
        file = self.by_id.get(file_id)
        if file is None:
            file = self.by_id[file_id] = KnownFile(file_id, size_bytes, clean_line(name))
        elif file.manifest is None:
            file.size_bytes = size_bytes
        return file

    def forget(self, file: KnownFile) -> None:
        del self.by_id[file.file_id]

    def forget_unlisted(self) -> None:
        """Files that nobody lists and of which nothing is held."""
        listed = {file_id for each in self._neighbours.values() for file_id in each.listing}
        self.by_id = {
            file_id: file
            for file_id, file in self.by_id.items()
            if file.held or file.storing or file_id in listed
        }

    def slot_of(self, file: KnownFile) -> int:
        """Only what is listed has a number. The one unused for longest is next: late data finds it free."""
        if file.slot is None:
            taken = {other.slot for other in self.by_id.values()}
            while self._next_slot in taken:
                self._next_slot = (self._next_slot + 1) % LISTING_SLOTS
            file.slot = self._next_slot
            self._next_slot = (self._next_slot + 1) % LISTING_SLOTS
        return file.slot

    def to_fetch(self) -> list[KnownFile]:
        """Files that fit the budget: the preferred one, then what is begun, then as they became known."""
        wanted = sorted(self.by_id.values(), key=lambda file: (file.file_id != self.preferred, not file.held))
        fitting, used_bytes = [], 0
        for file in wanted:
            if used_bytes + file.size_bytes > self.capacity_bytes and not file.held:
                continue
            used_bytes += file.size_bytes
            if not file.is_complete:
                fitting.append(file)
        return fitting

    def spare(self) -> list[KnownFile]:
        """What makes way for the song that is chosen to play: nothing where that would not be enough."""
        chosen = self.by_id.get(self.preferred) if self.preferred is not None else None
        if chosen is None or chosen.is_complete:
            return []
        held = [file for file in self.by_id.values() if file.held and file is not chosen]
        over_bytes = chosen.size_bytes + sum(file.size_bytes for file in held) - self.capacity_bytes
        spare = sorted((file for file in held if not file.is_mine), key=self._is_only_here)
        if over_bytes > sum(file.size_bytes for file in spare):
            return []
        gone = []
        for file in spare:
            if over_bytes <= 0:
                break
            over_bytes -= file.size_bytes
            gone.append(file)
        return gone

    def least_worth(self) -> tuple[KnownFile, int]:
        """What to forget first, and its worth."""
        least = min(self.by_id.values(), key=self._worth_of)
        return least, self._worth_of(least)

    def _worth_of(self, file: KnownFile) -> int:
        """0 when one member names it, 4 for what is mine or playing."""
        if file.is_mine or file.file_id == self.preferred:
            return 4
        listings = (neighbour.listing.get(file.file_id) for neighbour in self._neighbours.values())
        entries = [entry for entry in listings if entry is not None]
        if any(entry.is_own for entry in entries):
            return 3
        return 2 if len(entries) > 1 else int(bool(file.held))

    def _is_only_here(self, file: KnownFile) -> bool:
        listings = (neighbour.listing.get(file.file_id) for neighbour in self._neighbours.values())
        return not any(entry is not None and entry.is_whole for entry in listings)
