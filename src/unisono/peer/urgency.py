"""Which pieces are due: those whose sound comes next, in that order. Pure; local ms.

All listeners of a room want the same pieces at the same moment. Of what the sole holder of a file has shown
to nobody, one of them asks for each, told by its place among the user ids, and hands it on (S46). The page
reckons likewise (web/src/transfer/core/urgency.ts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unisono.peer.constants.transfer import MAX_URGENT_PIECES, URGENT_HEAD_PIECES
from unisono.peer.file_state import Neighbour

# The song that ends, the one that follows, and some that were left in haste.
MAX_FILES = 4
# Of those that are due: what comes later will have been shown by then.
UNSHOWN_PIECES = 8


class DuePieces:
    """What is due of one file."""

    def __init__(self, pieces: Sequence[int], head_since_ms: Mapping[int, float]) -> None:
        self.pieces = tuple(pieces)
        self._head_since_ms = {piece: head_since_ms[piece] for piece in pieces if piece in head_since_ms}

    def head_for_ms(self, piece: int, local_ms: float) -> float:
        """For how long it has been among the next to sound; asked for only while it is."""
        return local_ms - self._head_since_ms.setdefault(piece, local_ms)

    def followed_by(self, pieces: Sequence[int]) -> DuePieces:
        """The list moves on with the song."""
        return DuePieces(pieces, self._head_since_ms)


class Urgency:
    def __init__(self) -> None:
        self._due: dict[str, DuePieces] = {}

    def of(self, file_id: str) -> DuePieces | None:
        return self._due.get(file_id)

    def set(self, file_id: str, due: Sequence[int]) -> bool:
        """Whether that is news. None ends it."""
        former = self._due.get(file_id)
        pieces = tuple(due[:MAX_URGENT_PIECES])
        if pieces == (former.pieces if former is not None else ()):
            return False
        self._due.pop(file_id, None)
        if pieces:
            self._due[file_id] = former.followed_by(pieces) if former is not None else DuePieces(pieces, {})
        while len(self._due) > MAX_FILES:
            del self._due[next(iter(self._due))]
        return True


class ListenersTurns:
    """Whose turn it is among those who do not hold all of a file: this peer, and its neighbours."""

    def __init__(self, me: str, neighbours: Mapping[str, Neighbour], file_id: str) -> None:
        others = [peer for peer, neighbour in neighbours.items() if not neighbour.is_whole(file_id)]
        self._count = 1 + len(others)
        self._mine = sum(peer < me for peer in others)

    def may_ask(self, piece: int, position: int, head_for_ms: float, turn_ms: float) -> bool:
        """Whether this peer may ask for a piece that was not shown to it. `position`: its place among the
        missing ones that are due; `turn_ms`: how long the one whose turn it is has before the next.
        """
        turn = (self._mine - piece) % self._count
        if turn == 0:
            return position < UNSHOWN_PIECES
        return position < URGENT_HEAD_PIECES and head_for_ms >= turn * turn_ms
