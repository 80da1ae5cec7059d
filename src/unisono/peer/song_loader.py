"""The songs of a headless peer: offers its own, opens what plays and plays next, and keeps why one does not.

A song plays from windows around its places, while another process looks through the whole file once for its
length. What fails is refused once, in words, and never tried again. Whoever makes a `SongLoader` closes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unisono.peer.anchor import Anchor, AnchorMatch, encode_anchor, make_anchor, match_anchor
from unisono.peer.constants.session import MAX_FILE_TROUBLES, FileTrouble, Role
from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.open_song import OpenSong
from unisono.peer.remember import remember
from unisono.peer.role_part import is_channel, isolated_for
from unisono.peer.safe_text import clean_line
from unisono.peer.song import SaidLength, Song
from unisono.peer.song_file import FileStretches
from unisono.peer.song_surveys import SongSurveys
from unisono.peer.song_window import SongWindow
from unisono.peer.swarm import FileSwarm

log = logging.getLogger(__name__)


@dataclass
class _Opened:
    file_id: str
    sound: OpenSong
    # What it is decoded for.
    role: Role
    # None while it is loading.
    song: Song | None = None


class SongLoader:
    """`on_loaded` is given each song that was opened; `on_refused` the id of a file that cannot be played,
    also where that turns out while it plays; `on_published` a song's anchor.
    """

    def __init__(
        self,
        swarm: FileSwarm,
        on_loaded: Callable[[Song], None],
        on_refused: Callable[[str], None],
        on_published: Callable[[str, bytes], None],
    ) -> None:
        self.surveys = SongSurveys(swarm.content_of)
        self._swarm = swarm
        self._on_loaded = on_loaded
        self._on_refused = on_refused
        self._on_published = on_published
        self._opened: dict[str, _Opened] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._offers = asyncio.Lock()
        # Of this peer: where it is a channel of a song, that is decoded besides what all play.
        self.role: Role = "all"
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
        for file_id in list(self._opened):
            self._close(file_id)
        await self.surveys.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def offer(self, path: Path) -> str | None:
        """Returns the file's id. What goes wrong with one file is said, and ends nothing else."""
        try:
            file_id = await self._swarm.add_file(path)
        except FileError as failure:
            log.warning("%s is not offered: %s.", clean_line(path.name), failure.detail)
            return None
        except Exception:
            log.exception("%s is not offered", clean_line(path.name))
            return None
        # One after the other: each keeps a core busy.
        async with self._offers:
            try:
                survey = await self.surveys.survey(file_id)
                if survey is None:
                    return file_id  # others may well decode what this peer does not
                annotation = await self.surveys.within(file_id, survey, _annotation)
            except Exception as failure:  # noqa: BLE001 - whatever it is, it would be the same the next time
                self._refuse(file_id, failure)
                return file_id
            if annotation is not None:
                self._on_published(file_id, annotation)
        return file_id

    def want(self, places_sec: Mapping[str, Sequence[float]]) -> None:
        """Which songs sound and will sound soon, the next first, and where in their own decode. What is
        wanted no more is closed; what it held stays readable.
        """
        for file_id in [each for each in self._opened if each not in places_sec]:
            self._close(file_id)
        for file_id, places in places_sec.items():
            opened = self._opened.get(file_id)
            if opened is not None and self._lacks_channel(opened):
                self._close(file_id)  # what it holds is played until the other one can be
                self._open(file_id, places)
            elif opened is not None:
                opened.sound.aim(places)
            elif file_id not in self._refused:
                self._open(file_id, places)

    def _lacks_channel(self, opened: _Opened) -> bool:
        if opened.song is None:
            return is_channel(self.role) and opened.role != self.role
        isolated = isolated_for(self.role, opened.song.channel_names)
        return isolated is not None and isolated != opened.song.isolated

    def find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        """Looks for an anchor in the song's file, and tells; not at all where the session ends."""
        self._spawn(self._find(song, anchor, on_found))

    def _open(self, file_id: str, places_sec: Sequence[float]) -> None:
        path, loop, role = self._swarm.content_of(file_id), asyncio.get_running_loop(), self.role
        if path is None:
            return

        def failed(failure: FileError) -> None:
            loop.call_soon_threadsafe(self._fail, opened, failure)

        def make(place_sec: float, index: SeekIndex | None) -> SongWindow:
            return SongWindow(path, place_sec, index, failed, role=role)

        opened = _Opened(file_id, OpenSong(places_sec, self.surveys.index_of(file_id), make), role)
        self._opened[file_id] = opened
        self._spawn(self._finish_loading(opened))

    async def _finish_loading(self, opened: _Opened) -> None:
        file_id = opened.file_id
        self.surveys.begin(file_id)
        try:
            heading = await asyncio.to_thread(opened.sound.windows[0].wait_ready)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it would be the same the next time
            self._fail(opened, failure)
            return
        if self._opened.get(file_id) is not opened:
            return  # nobody wants it any more
        said = SaidLength(heading.said_sec, heading.is_rough)
        opened.song = Song(
            file_id,
            heading.sample_rate,
            opened.sound,
            said=said,
            channel_names=heading.channel_names,
            isolated=heading.isolated,
        )
        self._on_loaded(opened.song)
        try:
            surveyed = await self.surveys.survey(file_id)
        except Exception as failure:  # noqa: BLE001 - it plays as far as it goes
            log.info("%s plays without a look through it: %r", self._name_of(file_id), failure)
            return
        if surveyed is not None:
            self._learn(opened.song, opened.sound, surveyed[1])

    def _learn(self, song: Song, sound: OpenSong, index: SeekIndex) -> None:
        sound.learn(index)
        if index.said_sec is not None:
            song.said.sec, song.said.is_rough = index.said_sec, False
        if song.missing_sec <= 0:
            return
        if song.file_id not in self._troubles:
            log.warning(
                "%s is damaged or incomplete: %.0f of %.0f s can be played here.",
                self._name_of(song.file_id),
                song.duration_sec,
                song.whole_sec,
            )
        remember(self._troubles, song.file_id, "short", MAX_FILE_TROUBLES)

    def _fail(self, opened: _Opened, failure: Exception) -> None:
        """Of a song that is open, at its beginning or later."""
        if self._opened.get(opened.file_id) is not opened:
            return
        self._refuse(opened.file_id, failure)
        self._close(opened.file_id)
        self._on_refused(opened.file_id)

    def _close(self, file_id: str) -> None:
        self._opened.pop(file_id).sound.close()
        file = self._swarm.get(file_id)
        if file is None or not file.is_mine:
            self.surveys.stop(file_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        match = None
        try:
            survey = await self.surveys.survey(song.file_id)
            if survey is not None:
                match = await self.surveys.within(
                    song.file_id, survey, lambda sound, rate: match_anchor(sound, rate, anchor)
                )
        except Exception as failure:  # noqa: BLE001 - it is then not found
            log.info("no place is looked for in %s: %r", self._name_of(song.file_id), failure)
        on_found(match)

    def _refuse(self, file_id: str, failure: Exception) -> None:
        """Once and for all, in words."""
        is_told = file_id in self._refused
        why = failure.detail if isinstance(failure, FileError) else repr(failure)
        remember(self._refused, file_id, why, MAX_FILE_TROUBLES)
        is_long = isinstance(failure, FileError) and failure.code == "file-too-large"
        trouble: FileTrouble = "too-long" if is_long else "undecodable"
        remember(self._troubles, file_id, trouble, MAX_FILE_TROUBLES)
        if not is_told:
            log.warning("this peer cannot play %s: %s.", self._name_of(file_id), why)

    def _name_of(self, file_id: str) -> str:
        file = self._swarm.get(file_id)
        return clean_line(file.name) if file is not None else file_id


def _annotation(sound: FileStretches, sample_rate: int) -> bytes:
    return encode_anchor(make_anchor(sound, sample_rate))
