"""What this peer asks of its neighbours: manifests and pieces it lacks, what is due first, then the rarest.

Pure; local ms.

A fixed number of requests per source. Who sent a piece that is not what its manifest says is not asked for
anything again; after a piece could not be written, nothing is asked for a while.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

from unisono.peer import ctl
from unisono.peer.ambient import Chance
from unisono.peer.constants.transfer import (
    MANIFEST_PATIENCE_MS,
    MAX_BANNED,
    MIN_PIECE_BYTES,
    URGENT_CREDIT,
    URGENT_HEAD_PIECES,
    URGENT_SECOND_REQUEST_MS,
    URGENT_TURN_MS,
)
from unisono.peer.file_state import MANIFEST, Effect, KnownFile, Neighbour, Owed, SendCtl, Store
from unisono.peer.known_files import KnownFiles
from unisono.peer.manifest import piece_length_of, piece_size_of
from unisono.peer.remember import remember
from unisono.peer.urgency import ListenersTurns, Urgency

# What one source may owe at once; the web app allows a peer 40.
CREDIT = 8
# Half-received pieces kept in memory at once, of all sources together: pieces of the largest files are 4 MiB.
MAX_LIVE_BYTES = 32 * 1024**2
# After a piece could not be written, nothing is fetched for so long: room may come back.
STORE_REST_MS = 10_000.0
# Silent for so long, a source loses what others have as well.
SILENCE_MS = 6_000.0


class Downloads:
    def __init__(
        self,
        me: str,
        neighbours: Mapping[str, Neighbour],
        known: KnownFiles,
        chance: Chance,
        emit: Callable[[Effect], None],
    ) -> None:
        self.urgency = Urgency()
        self._me = me
        self._neighbours = neighbours
        self._known = known
        self._chance = chance
        self._emit = emit
        self._banned: dict[str, None] = {}
        self._rests_until_ms = -math.inf

    def is_resting(self, local_ms: float) -> bool:
        return local_ms < self._rests_until_ms

    def ask(self, local_ms: float) -> None:
        """Asks for what is wanted, of whoever has it."""
        if self.is_resting(local_ms):
            return
        wanted = self._known.to_fetch()
        for file in wanted:
            if file.manifest is None:
                self._ask_manifest(file, local_ms)
            else:
                self._ask_due(file, local_ms)
        for neighbour in self._neighbours.values():
            if neighbour.has_said_hello and neighbour.user_id not in self._banned:
                self._ask_pieces(neighbour, wanted, local_ms)

    def take_chunk(
        self, neighbour: Neighbour, chunk: ctl.Chunk, local_ms: float
    ) -> ctl.DropReason | Literal["more", "whole"]:
        """Whether its piece is whole now, or why this neighbour must go."""
        if not neighbour.has_said_hello:
            return "before-hello"
        if neighbour.user_id in self._banned:
            return "more"
        file_id = neighbour.file_of_slot.get(chunk.slot)
        owed = neighbour.owed.get((file_id, chunk.piece)) if file_id is not None else None
        if file_id is None or owed is None:
            return "unrequested"
        received_bytes = len(owed.content) + len(chunk.payload)
        if chunk.offset_bytes != len(owed.content) or received_bytes > owed.size_bytes:
            return "malformed"
        neighbour.heard_local_ms = local_ms
        owed.content += chunk.payload
        if received_bytes < owed.size_bytes:
            return "more"
        del neighbour.owed[(file_id, chunk.piece)]
        self._not_coming(file_id, chunk.piece, neighbour.user_id)
        self._finish(neighbour, file_id, chunk.piece, owed.content)
        return "whole"

    def take_reject(self, neighbour: Neighbour, file_id: str, pieces: list[int], local_ms: float) -> None:
        file = self._known.get(file_id)
        if file is not None and file.manifest_asked and file.manifest_asked[0] == neighbour.user_id:
            # Another may be asked at once, the same one after a pause, so that nobody is asked in circles.
            file.manifest_asked = None
            neighbour.record_refusal(file_id, MANIFEST, local_ms)
        for piece in pieces:
            owed = neighbour.owed.pop((file_id, piece), None)
            if owed is None:
                continue
            if owed.is_live:  # a rejected cancel only confirms the cancel
                # It may be unable only for a moment, so it is asked again after a pause.
                neighbour.record_refusal(file_id, piece, local_ms)
                neighbour.heard_local_ms = local_ms
                self._not_coming(file_id, piece, neighbour.user_id)

    def rest(self, local_ms: float) -> None:
        """A piece could not be written: nothing is fetched for a while."""
        self._rests_until_ms = local_ms + STORE_REST_MS
        for neighbour in self._neighbours.values():
            self._cancel(neighbour, neighbour.live)

    def relieve(self, neighbour: Neighbour, local_ms: float) -> None:
        """Takes from one that is silent what others have as well."""
        if neighbour.live and local_ms - neighbour.heard_local_ms > SILENCE_MS:
            movable = [key for key in neighbour.live if self._has_other_source(neighbour, *key)]
            self._cancel(neighbour, movable)

    def cancel_file(self, file: KnownFile) -> None:
        for neighbour in self._neighbours.values():
            self._cancel(neighbour, [key for key in neighbour.live if key[0] == file.file_id])

    def closed(self, neighbour: Neighbour) -> None:
        """Nothing comes from it any more."""
        for file_id, piece in neighbour.owed:
            self._not_coming(file_id, piece, neighbour.user_id)
        for file in self._known.by_id.values():
            if file.manifest_asked is not None and file.manifest_asked[0] == neighbour.user_id:
                file.manifest_asked = None

    def _finish(self, neighbour: Neighbour, file_id: str, piece: int, data: bytearray) -> None:
        file = self._known.get(file_id)
        if file is None or file.manifest is None or piece in file.held | file.storing:
            return
        if not file.manifest.is_piece(piece, data):
            remember(self._banned, neighbour.user_id, None, MAX_BANNED)  # not asked for anything again
            self._cancel(neighbour, neighbour.live)
            return
        file.storing.add(piece)
        self._emit(Store(file_id, piece, data))

    def _ask_manifest(self, file: KnownFile, local_ms: float) -> None:
        asked = file.manifest_asked
        if asked is not None:
            if local_ms - asked[1] < MANIFEST_PATIENCE_MS:
                return
            # Whoever does not answer is asked less and less often, as who refuses.
            if (silent := self._neighbours.get(asked[0])) is not None:
                silent.record_refusal(file.file_id, MANIFEST, local_ms)
            file.manifest_asked = None
        able = [
            each.user_id
            for each in self._neighbours.values()
            if each.has_said_hello
            and each.user_id not in self._banned
            and file.file_id in each.listing
            and each.can_give(file.file_id, MANIFEST, local_ms)
        ]
        if able:
            chosen = able[int(self._chance.fraction() * len(able))]
            file.manifest_asked = (chosen, local_ms)
            self._emit(SendCtl(chosen, ctl.ManifestRequest(file.file_id)))

    def _ask_due(self, file: KnownFile, local_ms: float) -> None:
        """S45. In their order, each of who owes least; what was not shown only in its own turn (S46). Who
        is late with one of the next to sound is asked to let go of it, and another is asked for it.
        """
        due = self.urgency.of(file.file_id)
        if due is None:
            return
        turns = ListenersTurns(self._me, self._neighbours, file.file_id)
        size_factor = piece_length_of(file.size_bytes) / MIN_PIECE_BYTES
        asked: dict[str, list[int]] = {}
        missing = [p for p in due.pieces if p < file.piece_count and p not in file.held | file.storing]
        for position, piece in enumerate(missing):
            is_head = position < URGENT_HEAD_PIECES
            head_for_ms = due.head_for_ms(piece, local_ms) if is_head else 0.0
            late = self._owing(file, piece)
            if late is not None:
                owed = late.owed[file.file_id, piece]
                waited_ms = local_ms - owed.asked_local_ms
                if not is_head or owed.is_second or waited_ms < size_factor * URGENT_SECOND_REQUEST_MS:
                    continue
            may_ask_unshown = turns.may_ask(piece, position, head_for_ms, size_factor * URGENT_TURN_MS)
            source = self._idlest_for(file, piece, local_ms, may_ask_unshown=may_ask_unshown)
            if source is None or self._room_for(file) <= 0:
                continue
            if late is not None:
                self._cancel(late, [(file.file_id, piece)])
            self._record(source, file, piece, local_ms, is_second=late is not None)
            asked.setdefault(source.user_id, []).append(piece)
        for peer, pieces in asked.items():
            self._emit(SendCtl(peer, ctl.Request(file.file_id, pieces, is_due=True)))

    def _idlest_for(
        self, file: KnownFile, piece: int, local_ms: float, *, may_ask_unshown: bool
    ) -> Neighbour | None:
        """Who has shown the piece comes before who holds it alone, and has others to give."""

        def rank(each: Neighbour) -> tuple[bool, int]:
            return piece not in each.holdings[file.file_id], len(each.live)

        able = [
            each
            for each in self._neighbours.values()
            if each.has_said_hello
            and each.user_id not in self._banned
            and file.file_id in each.holdings
            and (piece in each.holdings[file.file_id] or (may_ask_unshown and each.is_whole(file.file_id)))
            and len(each.live) < CREDIT + URGENT_CREDIT
            and each.can_give(file.file_id, piece, local_ms)
        ]
        return min(able, key=rank, default=None)

    def _owing(self, file: KnownFile, piece: int) -> Neighbour | None:
        peer = file.in_flight.get(piece)
        return self._neighbours.get(peer) if peer is not None else None

    def _record(
        self, neighbour: Neighbour, file: KnownFile, piece: int, local_ms: float, *, is_second: bool = False
    ) -> None:
        if not neighbour.live:
            neighbour.heard_local_ms = local_ms
        file.in_flight[piece] = neighbour.user_id
        size_bytes = piece_size_of(file.size_bytes, piece)
        neighbour.owed[file.file_id, piece] = Owed(size_bytes, local_ms, is_second)

    def _ask_pieces(self, neighbour: Neighbour, wanted: list[KnownFile], local_ms: float) -> None:
        room = CREDIT - len(neighbour.live)
        for file in wanted:
            # In batches: a request message per half credit, not per piece.
            if room < CREDIT / 2:
                return
            holdings = neighbour.holdings.get(file.file_id)
            if not holdings or file.manifest is None:
                continue  # many files are listed by somebody else, and every message of anybody leads here
            most = min(room, self._room_for(file))
            if most <= 0:
                continue
            choices = [
                piece
                for piece in holdings
                if piece < file.piece_count
                and piece not in file.held
                and piece not in file.storing
                and piece not in file.in_flight
                and neighbour.can_give(file.file_id, piece, local_ms)
            ]
            # Rarest first, ties at random.
            ranked = sorted((self._rarity(file, piece) + self._chance.fraction(), piece) for piece in choices)
            pieces = [piece for _, piece in ranked[:most]]
            if not pieces:
                continue
            room -= len(pieces)
            for piece in pieces:
                self._record(neighbour, file, piece, local_ms)
            self._emit(SendCtl(neighbour.user_id, ctl.Request(file.file_id, pieces)))

    def _room_for(self, file: KnownFile) -> int:
        """How many more pieces of the file may be on their way."""
        live_bytes = sum(
            owed.size_bytes
            for each in self._neighbours.values()
            for owed in each.owed.values()
            if owed.is_live
        )
        return (MAX_LIVE_BYTES - live_bytes) // piece_length_of(file.size_bytes)

    def _rarity(self, file: KnownFile, piece: int) -> int:
        return sum(piece in each.holdings.get(file.file_id, ()) for each in self._neighbours.values())

    def _cancel(self, neighbour: Neighbour, keys: list[tuple[str, int]]) -> None:
        by_file: dict[str, list[int]] = {}
        for file_id, piece in keys:
            neighbour.owed[(file_id, piece)].is_live = False
            self._not_coming(file_id, piece, neighbour.user_id)
            by_file.setdefault(file_id, []).append(piece)
        for file_id, pieces in by_file.items():
            self._emit(SendCtl(neighbour.user_id, ctl.Cancel(file_id, pieces)))

    def _not_coming(self, file_id: str, piece: int, peer: str) -> None:
        file = self._known.get(file_id)
        if file is not None and file.in_flight.get(piece) == peer:
            del file.in_flight[piece]

    def _has_other_source(self, neighbour: Neighbour, file_id: str, piece: int) -> bool:
        return any(
            other is not neighbour
            and other.user_id not in self._banned
            and piece in other.holdings.get(file_id, ())
            for other in self._neighbours.values()
        )
