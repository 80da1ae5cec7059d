"""Whether the loaded song lies where its owner's decode has it, as web/src/session/alignment.ts. Pure.

Local ms. A song is matched to its file's annotation, once for each annotation. Whether that succeeded is
remembered, because a small sync error is only true of a peer that was lined up.
"""

from __future__ import annotations

from dataclasses import replace

from unisono.peer.anchor import decode_anchor, match_anchor
from unisono.peer.constants.session import ANNOTATION_GRACE_MS, MAX_ANCHOR_MATCHES
from unisono.peer.song import Song


class Alignment:
    def __init__(self) -> None:
        # What this peer published of its own decode, which needs no match.
        self._own: dict[str, bytes] = {}
        self.reset()

    def publishes(self, file_id: str, annotation: bytes) -> None:
        self._own[file_id] = annotation

    def reset(self) -> None:
        """Another decode was loaded, or the same anew: nothing is known of it."""
        self._file_id: str | None = None
        self._annotation: bytes | None = None
        self._matches = 0
        self._is_unfound = False
        self._without_annotation_since_ms: float | None = None

    def follow(self, song: Song, annotation: bytes | None, local_ms: float) -> Song:
        """The song where its annotation says, as far as it is found there; call it as often as anything
        changes.
        """
        self._file_id = song.file_id
        if annotation is None:
            if self._without_annotation_since_ms is None:
                self._without_annotation_since_ms = local_ms
            return song
        self._without_annotation_since_ms = None
        if annotation == self._annotation:
            return song
        self._annotation = annotation
        if annotation == self._own.get(song.file_id):
            self._is_unfound = False
            return replace(song, offset_sec=0.0)
        self._matches += 1
        anchor = decode_anchor(annotation) if self._matches <= MAX_ANCHOR_MATCHES else None
        match = match_anchor(song.channels, song.sample_rate, anchor) if anchor is not None else None
        self._is_unfound = match is None or not match.is_steady
        return song if match is None else replace(song, offset_sec=match.offset_sec)

    def is_unaligned_at(self, file_id: str, local_ms: float) -> bool:
        """P46: the file sounds, and nobody knows whether in step with the others."""
        if file_id != self._file_id:
            return False
        since_ms = self._without_annotation_since_ms
        return self._is_unfound or (since_ms is not None and local_ms - since_ms > ANNOTATION_GRACE_MS)
