"""The songs of a headless peer: offers its own, decodes the chosen one, and keeps why one is not played.

Each decode runs in a process of its own, one offer after the other, as each fills memory. What fails is
refused once, in words, and never tried again. Whoever makes a `SongLoader` closes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from unisono.peer.anchor import encode_anchor, make_anchor
from unisono.peer.constants.session import MAX_FILE_TROUBLES, FileTrouble
from unisono.peer.decode import Decoder
from unisono.peer.errors import FileError
from unisono.peer.remember import remember
from unisono.peer.safe_text import clean_line
from unisono.peer.song import Song
from unisono.peer.swarm import FileSwarm

log = logging.getLogger(__name__)


class SongLoader:
    """`on_loaded` is given the chosen song, or None where it is refused; `on_published` a song's anchor."""

    def __init__(
        self,
        swarm: FileSwarm,
        on_loaded: Callable[[Song | None], None],
        on_published: Callable[[str, bytes], None],
    ) -> None:
        self._swarm = swarm
        self._on_loaded = on_loaded
        self._on_published = on_published
        # The decode under way, and of which file.
        self._loading: tuple[str, Decoder] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._offers = asyncio.Lock()
        # Why this peer will not play a file; asked once, and again only when it is long forgotten.
        self._refused: dict[str, str] = {}
        self._troubles: dict[str, FileTrouble] = {}

    @property
    def troubles(self) -> dict[str, FileTrouble]:
        """Of the files that are listed, which this peer cannot play, or not whole."""
        return {
            file_id: trouble
            for file_id, trouble in self._troubles.items()
            if self._swarm.get(file_id) is not None
        }

    def refusal_of(self, file_id: str) -> str | None:
        """Why this peer does not play the file, in words; None: it does, or has not tried."""
        return self._refused.get(file_id)

    async def close(self) -> None:
        """Ends what is being decoded."""
        self._stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def offer(self, path: Path) -> None:
        """What goes wrong with one file is said, and ends nothing else."""
        try:
            file_id = await self._swarm.add_file(path)
        except FileError as failure:
            log.warning("%s is not offered: %s.", clean_line(path.name), failure.detail)
            return
        except Exception:
            log.exception("%s is not offered", clean_line(path.name))
            return
        # One after the other: each decode fills memory.
        async with self._offers:
            song = await self._decode(file_id, Decoder())
            if song is None:
                return  # others may well decode what this peer does not
            annotation = encode_anchor(await asyncio.to_thread(make_anchor, song.channels, song.sample_rate))
            self._on_published(file_id, annotation)

    def load(self, file_id: str, loaded: Song | None) -> bool:
        """Decodes the chosen file; one that is no longer chosen keeps none waiting.

        Returns whether it has begun. `loaded`, another song, is then to be let go: two take twice the memory.
        """
        if self._loading is not None and self._loading[0] != file_id:
            self._stop()
        is_here = loaded is not None and loaded.file_id == file_id
        if is_here or self._loading is not None or file_id in self._refused:
            return False
        if self._swarm.content_of(file_id) is None:
            return False
        decoder = Decoder()
        self._loading = (file_id, decoder)
        task = asyncio.get_running_loop().create_task(self._finish_loading(file_id, decoder))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _finish_loading(self, file_id: str, decoder: Decoder) -> None:
        song = await self._decode(file_id, decoder)
        if self._loading is None or self._loading[1] is not decoder:
            return  # another file was chosen meanwhile
        self._loading = None
        self._on_loaded(song)

    def _stop(self) -> None:
        if self._loading is not None:
            self._loading[1].close()
            self._loading = None

    async def _decode(self, file_id: str, decoder: Decoder) -> Song | None:
        """None: refused, once and for all, in words."""
        file, path = self._swarm.get(file_id), self._swarm.content_of(file_id)
        if file is None or path is None:
            return None
        name = clean_line(file.name)
        try:
            song = await asyncio.to_thread(decoder.decode, file_id, path)
        except asyncio.CancelledError:
            decoder.close()
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, it would be the same the next time
            if not decoder.is_closed:
                is_told = file_id in self._refused
                why = failure.detail if isinstance(failure, FileError) else repr(failure)
                remember(self._refused, file_id, why, MAX_FILE_TROUBLES)
                is_long = isinstance(failure, FileError) and failure.code == "file-too-large"
                trouble: FileTrouble = "too-long" if is_long else "undecodable"
                remember(self._troubles, file_id, trouble, MAX_FILE_TROUBLES)
                if not is_told:
                    log.warning("this peer cannot play %s: %s.", name, why)
            return None
        if song.missing_sec > 0:
            if file_id not in self._troubles:
                log.warning(
                    "%s is damaged or incomplete: %.0f of %.0f s can be played here.",
                    name,
                    song.duration_sec,
                    song.whole_sec,
                )
            remember(self._troubles, file_id, "short", MAX_FILE_TROUBLES)
        return song
