"""What a peer keeps of what others name: numbers for what it lists, and what makes way for what. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from unisono.peer.file_state import KnownFile, Neighbour

# The numbers under which files are listed are 16 bits on the wire.
LISTING_SLOTS = 0x10000


class SlotCounter:
    """Only what is listed has a number. The one unused for longest is next: late data finds it free."""

    def __init__(self) -> None:
        self._next = 0

    def give(self, file: KnownFile, files: Mapping[str, KnownFile]) -> int:
        if file.slot is None:
            taken = {other.slot for other in files.values()}
            while self._next in taken:
                self._next = (self._next + 1) % LISTING_SLOTS
            file.slot = self._next
            self._next = (self._next + 1) % LISTING_SLOTS
        return file.slot


def spare_for(
    preferred: str | None,
    files: Mapping[str, KnownFile],
    neighbours: Collection[Neighbour],
    capacity_bytes: int,
) -> list[KnownFile]:
    """What makes way for the song that is chosen to play: nothing where that would not be enough."""
    chosen = files.get(preferred) if preferred is not None else None
    if chosen is None or chosen.is_complete:
        return []
    held = [file for file in files.values() if file.held and file is not chosen]
    over_bytes = chosen.size_bytes + sum(file.size_bytes for file in held) - capacity_bytes
    spare = sorted(
        (file for file in held if not file.is_mine), key=lambda file: _is_only_here(file, neighbours)
    )
    if over_bytes > sum(file.size_bytes for file in spare):
        return []
    gone = []
    for file in spare:
        if over_bytes <= 0:
            break
        over_bytes -= file.size_bytes
        gone.append(file)
    return gone


def least_worth(
    preferred: str | None, files: Mapping[str, KnownFile], neighbours: Collection[Neighbour]
) -> tuple[KnownFile, int]:
    """What to forget first, and its worth: 0 when one member names it, 4 for what is mine or playing."""

    def worth_of(file: KnownFile) -> int:
        if file.is_mine or file.file_id == preferred:
            return 4
        listings = (neighbour.listing.get(file.file_id) for neighbour in neighbours)
        entries = [entry for entry in listings if entry is not None]
        if any(entry.is_own for entry in entries):
            return 3
        return 2 if len(entries) > 1 else int(bool(file.held))

    least = min(files.values(), key=worth_of)
    return least, worth_of(least)


def _is_only_here(file: KnownFile, neighbours: Collection[Neighbour]) -> bool:
    listings = (neighbour.listing.get(file.file_id) for neighbour in neighbours)
    return not any(entry is not None and entry.is_whole for entry in listings)
