"""The files this peer knows: how many, under which numbers it lists them, what fits and what makes way. Pure.

It sees the neighbours, who name files, and changes nothing about them; what it says to let go or to forget,
the transfer core does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from unisono.peer.ctl import ListedFile
from unisono.peer.file_state import MAX_KNOWN_FILES, KnownFile, Neighbour
from unisono.peer.safe_text import clean_line

# The numbers under which files are listed are 16 bits on the wire.
LISTING_SLOTS = 0x10000


FNV_OFFSET = 0x811C9DC5
FNV_PRIME = 0x01000193


@dataclass(frozen=True)
class Needs:
    """What the application says of files; one that is in both lists counts as needed."""

    # In the order of coming need, behind the preferred one.
    needed: tuple[str, ...] = ()
    # The oldest first.
    played: tuple[str, ...] = ()


def keeper_rank(file_id: str, user_id: str) -> int:
    """Of those who hold a file whole, the highest keeps it: FNV-1a of both, as in the web app's needs.ts."""
    rank = FNV_OFFSET
    for byte in (file_id + user_id).encode():
        rank = (rank ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return rank


class KnownFiles:
    def __init__(self, me: str, neighbours: Mapping[str, Neighbour], capacity_bytes: int) -> None:
        self._me = me
        self._neighbours = neighbours
        # May change while the peer stays: so does the room on its disc.
        self.capacity_bytes = capacity_bytes
        # The playing or prepared file goes before all others.
        self.preferred: str | None = None
        self.needs = Needs()
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
        """Files that nobody lists, or that can be none, and of which nothing is held."""
        listed = {entry.file_id for each in self._neighbours.values() for entry in self.provable(each)}
        self.by_id = {
            file_id: file
            for file_id, file in self.by_id.items()
            if file.held or file.storing or file_id in listed
        }

    def provable(self, neighbour: Neighbour) -> list[ListedFile]:
        """What it lists, without the ids that are known to be drafts': of those there is no manifest."""
        drafts = frozenset[str]().union(*(each.draft_ids for each in self._neighbours.values()))
        return [entry for entry in neighbour.listing.values() if entry.file_id not in drafts]

    def slot_of(self, file: KnownFile) -> int:
        """Only what is listed has a number. The one unused for longest is next: late data finds it free."""
        if file.slot is None:
            taken = {other.slot for other in self.by_id.values()}
            while self._next_slot in taken:
                self._next_slot = (self._next_slot + 1) % LISTING_SLOTS
            file.slot = self._next_slot
            self._next_slot = (self._next_slot + 1) % LISTING_SLOTS
        return file.slot

    def is_given(self, file_id: str) -> bool:
        """Whether all of it is here, or somebody lists it."""
        file = self.by_id.get(file_id)
        if file is None:
            return False
        return file.is_complete or any(file_id in each.listing for each in self._neighbours.values())

    def turn_of(self, file_id: str) -> float:
        """0 for the preferred file, then by need; infinite for all others."""
        if file_id == self.preferred:
            return 0.0
        needed = self.needs.needed
        return 1.0 + needed.index(file_id) if file_id in needed else math.inf

    def to_fetch(self) -> list[KnownFile]:
        """Files that fit the budget: the preferred one, those that are needed in their order, then what is
        begun, then as they became known, and what has played last.
        """
        used_bytes = sum(file.size_bytes for file in self.by_id.values() if file.held or file.storing)
        fitting = []
        for file in sorted(self.by_id.values(), key=self._fetch_rank):
            if not file.held and not file.storing:
                if used_bytes + file.size_bytes > self.capacity_bytes:
                    continue
                used_bytes += file.size_bytes
            if not file.is_complete:
                fitting.append(file)
        return fitting

    def spare(self) -> list[KnownFile]:
        """What makes way for the song that is chosen to play, and for those that are needed next, in their
        order; nothing where that would not be enough.
        """
        held = [file for file in self.by_id.values() if file.held or file.storing]
        used_bytes = sum(file.size_bytes for file in held)
        gone: list[KnownFile] = []
        for file_id in dict.fromkeys((self.preferred or "", *self.needs.needed)):
            file = self.by_id.get(file_id)
            if file is None or file.held or file.storing or file in gone:
                continue
            used_bytes += file.size_bytes
            making_way = self._makes_way(file, [each for each in held if each not in gone], used_bytes)
            if making_way is None:
                used_bytes -= file.size_bytes
                continue
            used_bytes -= sum(each.size_bytes for each in making_way)
            gone += making_way
        return gone

    def _makes_way(self, file: KnownFile, held: list[KnownFile], used_bytes: int) -> list[KnownFile] | None:
        """So that all these bytes fit; None where that is not to be had."""
        over_bytes = used_bytes - self.capacity_bytes
        making_way = []
        spare = [each for each in held if self._may_go(each, file)]
        for each in sorted(spare, key=self._keep_rank):
            if over_bytes <= 0:
                break
            over_bytes -= each.size_bytes
            making_way.append(each)
        return making_way if over_bytes <= 0 else None

    def _may_go(self, other: KnownFile, file: KnownFile) -> bool:
        """S35, S50. For the chosen song anything but what is mine."""
        if other.is_mine or other.file_id == self.preferred:
            return False
        if file.file_id == self.preferred:
            return True
        return self._need_rank(file) < self._need_rank(other) and self.is_kept_elsewhere(other)

    def is_kept_elsewhere(self, file: KnownFile) -> bool:
        """S51. By who offers it as its own, or by who comes before this peer among those who have all of it:
        everybody plays the same songs, so all are short of room at the same moment.
        """
        if not file.held:
            return True
        mine = (keeper_rank(file.file_id, self._me), self._me)
        for user_id, neighbour in self._neighbours.items():
            entry = neighbour.listing.get(file.file_id)
            if entry is None or not entry.is_whole:
                continue
            theirs = (keeper_rank(file.file_id, user_id), user_id)
            if not file.is_complete or entry.is_own or theirs > mine:
                return True
        return False

    def _need_rank(self, file: KnownFile) -> float:
        needed = self.needs.needed
        return needed.index(file.file_id) if file.file_id in needed else math.inf

    def _is_played(self, file: KnownFile) -> bool:
        return file.file_id in self.needs.played and file.file_id not in self.needs.needed

    def _fetch_rank(self, file: KnownFile) -> tuple[bool, float, bool, bool]:
        is_preferred = file.file_id == self.preferred
        return not is_preferred, self._need_rank(file), self._is_played(file), not file.held

    def _keep_rank(self, file: KnownFile) -> tuple[bool, int, float]:
        """Low makes way first: what has played, the oldest first, then what is not needed, then what is
        needed last; and before all that what somebody else keeps.
        """
        is_only_here = not self.is_kept_elsewhere(file)
        if self._is_played(file):
            return is_only_here, 0, self.needs.played.index(file.file_id)
        rank = self._need_rank(file)
        return (is_only_here, 1, 0.0) if rank == math.inf else (is_only_here, 2, -rank)

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
        if any(entry.is_own for entry in entries) or file.file_id in self.needs.needed:
            return 3
        return 2 if len(entries) > 1 else int(bool(file.held))
