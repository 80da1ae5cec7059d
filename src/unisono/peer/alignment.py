"""Whether the loaded song lies where the others have it, as web/src/session/alignment.ts. Pure.

Time 0 of a decode here is the first sample that a sound index counts, in every format that has one (P16), so
that of a file with an index the annotation is no more than a check. Local ms. A song is matched to its file's
annotation, once for each annotation. Whether that succeeded is remembered, because a small sync error is only
true of a peer that was lined up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unisono.peer.anchor import Anchor, AnchorMatch, decode_anchor
from unisono.peer.constants.session import ANNOTATION_GRACE_MS, MAX_ANCHOR_MATCHES
from unisono.peer.song import Song

# Looks for an anchor in a song's decode, and tells, at once or later, what it found.
Find = Callable[[Song, Anchor, Callable[[AnchorMatch | None], None]], None]


class Alignment:
    def __init__(self, find: Find, own: dict[str, bytes] | None = None) -> None:
        """`own`: by file, what this peer published of its own decode, which needs no match."""
        self._find = find
        self._own: dict[str, bytes] = own if own is not None else {}
        self.reset()

    def publishes(self, file_id: str, annotation: bytes) -> None:
        self._own[file_id] = annotation

    def reset(self) -> None:
        """Another decode was loaded, or the same anew: nothing is known of it."""
        self._file_id: str | None = None
        self._annotation: bytes | None = None
        self._matches = 0
        self._is_unfound = False
        self._is_indexed = False
        # The annotation that is being looked for, and what was found of it but not applied yet.
        self._sought: bytes | None = None
        self._found: AnchorMatch | None = None
        # Neither known nor known not to be found.
        self._unknown_since_ms: float | None = None

    def follow(
        self, song: Song, annotation: bytes | None, local_ms: float, *, is_indexed: bool = False
    ) -> Song:
        """The song where its annotation says, as far as it is found there; call it as often as anything
        changes. `is_indexed`: somebody published the file's sound index, by which pages count.
        """
        self._file_id, self._is_indexed = song.file_id, is_indexed
        if annotation is not None and annotation != self._annotation:
            self._annotation = annotation
            self._sought, self._found = None, None
            if annotation == self._own.get(song.file_id):
                self._is_unfound, song = False, replace(song, offset_sec=0.0)
            else:
                self._seek(song, annotation)
        if annotation is not None and self._sought is None:
            self._unknown_since_ms = None
        elif self._unknown_since_ms is None:
            self._unknown_since_ms = local_ms
        match, self._found = self._found, None
        return song if match is None else replace(song, offset_sec=match.offset_sec)

    @property
    def is_seeking(self) -> bool:
        """Whether where the song belongs may soon be known better."""
        return self._sought is not None

    def _seek(self, song: Song, annotation: bytes) -> None:
        self._matches += 1
        anchor = decode_anchor(annotation) if self._matches <= MAX_ANCHOR_MATCHES else None
        if anchor is None:
            self._is_unfound = True
            return
        self._sought = annotation

        def found(match: AnchorMatch | None) -> None:
            if self._sought is not annotation:
                return  # another decode, or another annotation, came meanwhile
            self._sought, self._found = None, match
            self._is_unfound = match is None or not match.is_steady

        self._find(song, anchor, found)

    def is_unaligned_at(self, file_id: str, local_ms: float) -> bool:
        """P46: the file sounds, and nobody knows whether in step with the others."""
        if file_id != self._file_id:
            return False
        since_ms = self._unknown_since_ms
        if self._is_unfound or self._is_indexed or since_ms is None:
            return self._is_unfound
        return local_ms - since_ms > ANNOTATION_GRACE_MS
