"""The songs that can sound now: opened where they sound or will soon, and aligned to their anchors. Local ms,
seconds in the anchor's decode.

Whoever makes it closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from unisono.peer.alignment import Alignment
from unisono.peer.ambient import Clock
from unisono.peer.anchor import Anchor, AnchorMatch
from unisono.peer.song import Song
from unisono.peer.song_loader import SongLoader
from unisono.peer.swarm import FileSwarm

# A song that could play begins aligned, unless that takes longer; then it is put right while it plays.
MAX_SEEKING_MS = 2_000.0


@dataclass
class _Loaded:
    song: Song
    alignment: Alignment
    # Since when where it belongs is looked for; None: it can sound.
    arriving_since_local_ms: float | None


class ReadySongs:
    """`on_change`: a song came, was refused or found its place; then follow anew."""

    def __init__(self, swarm: FileSwarm, clock: Clock, on_change: Callable[[], None]) -> None:
        self.loader = SongLoader(swarm, self._loaded, self._refused, self._published)
        self._swarm = swarm
        self._clock = clock
        self._on_change = on_change
        self._by_file: dict[str, _Loaded] = {}
        # What this peer published of its own decodes, which needs no match.
        self._own_annotations: dict[str, bytes] = {}

    @property
    def songs(self) -> dict[str, Song]:
        """By file."""
        return {
            file_id: loaded.song
            for file_id, loaded in self._by_file.items()
            if loaded.arriving_since_local_ms is None
        }

    async def close(self) -> None:
        await self.loader.close()

    def follow(self, places_sec: Mapping[str, Sequence[float]], local_ms: float) -> None:
        """Which songs sound and will sound soon, the next first, and where; call it a few times a second."""
        for file_id in [each for each in self._by_file if each not in places_sec]:
            del self._by_file[file_id]
        offsets_sec = {file_id: loaded.song.offset_sec for file_id, loaded in self._by_file.items()}
        self.loader.want(
            {
                file_id: [max(0.0, place_sec + offsets_sec.get(file_id, 0.0)) for place_sec in places]
                for file_id, places in places_sec.items()
            }
        )
        for loaded in list(self._by_file.values()):
            self._align(loaded, local_ms)

    def is_unaligned_at(self, file_id: str, local_ms: float) -> bool:
        """P46: the file sounds, and nobody knows whether in step with the others."""
        loaded = self._by_file.get(file_id)
        return loaded is not None and loaded.alignment.is_unaligned_at(file_id, local_ms)

    def _align(self, loaded: _Loaded, local_ms: float) -> None:
        file = self._swarm.get(loaded.song.file_id)
        annotation, index = (file.annotation, file.index) if file is not None else (None, None)
        is_indexed = index is not None
        loaded.song = loaded.alignment.follow(loaded.song, annotation, local_ms, is_indexed=is_indexed)
        since_local_ms = loaded.arriving_since_local_ms
        if since_local_ms is not None and (
            not loaded.alignment.is_seeking or local_ms - since_local_ms >= MAX_SEEKING_MS
        ):
            loaded.arriving_since_local_ms = None

    def _loaded(self, song: Song) -> None:
        former = self._by_file.get(song.file_id)
        if former is not None:  # opened anew for another role: its sound lies where it lay
            former.song = replace(song, offset_sec=former.song.offset_sec)
        else:
            alignment = Alignment(self._find, self._own_annotations)
            self._by_file[song.file_id] = _Loaded(song, alignment, self._clock.local_ms())
        self._on_change()

    def _refused(self, file_id: str) -> None:
        self._by_file.pop(file_id, None)
        self._on_change()

    def _published(self, file_id: str, annotation: bytes) -> None:
        self._own_annotations[file_id] = annotation
        self._swarm.set_annotation(file_id, annotation)

    def _find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        def found(match: AnchorMatch | None) -> None:
            on_found(match)
            self._on_change()

        self.loader.find(song, anchor, found)
