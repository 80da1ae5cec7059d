"""The songs of a headless peer: offers its own, opens the chosen one, and keeps why one is not played.

The chosen song plays from a window around its place, while another process looks through the whole file once
for its length. What fails is refused once, in words, and never tried again. Whoever makes a `SongLoader`
closes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from unisono.peer.anchor import Anchor, AnchorMatch, encode_anchor, make_anchor, match_anchor
from unisono.peer.constants.session import MAX_FILE_TROUBLES, FileTrouble
from unisono.peer.decode_protocol import Heading, SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.remember import remember
from unisono.peer.safe_text import clean_line
from unisono.peer.song import SaidLength, Song
from unisono.peer.song_file import FileStretches, SongFile
from unisono.peer.song_window import SongWindow
from unisono.peer.swarm import FileSwarm

# A file is looked through once; of more files than these it is done anew.
MAX_SURVEYS = 64

log = logging.getLogger(__name__)

Survey = tuple[Heading, SeekIndex]
Found = TypeVar("Found")


class SongLoader:
    """`on_loaded` is given the chosen song, or None where it is refused, also while it plays already;
    `on_published` a song's anchor; `place_sec` tells where in the chosen song to begin.
    """

    def __init__(
        self,
        swarm: FileSwarm,
        on_loaded: Callable[[Song | None], None],
        on_published: Callable[[str, bytes], None],
        place_sec: Callable[[], float],
    ) -> None:
        self._swarm = swarm
        self._on_loaded = on_loaded
        self._on_published = on_published
        self._place_sec = place_sec
        # The chosen file, loading or loaded.
        self._chosen: tuple[str, SongWindow] | None = None
        self._is_loading = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._offers = asyncio.Lock()
        # What is read of files beside the window.
        self._looking: set[SongFile] = set()
        self._surveys: dict[str, Survey] = {}
        self._surveying: dict[str, tuple[SongFile, asyncio.Task[Survey | None]]] = {}
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
        for file in (*self._looking, *(file for file, _ in self._surveying.values())):
            file.close()
        surveys = [task for _, task in self._surveying.values()]
        await asyncio.gather(*surveys, *self._tasks, return_exceptions=True)

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
        # One after the other: each keeps a core busy.
        async with self._offers:
            try:
                survey = await self._survey(file_id)
                if survey is None:
                    return  # others may well decode what this peer does not
                annotation = await self._within(file_id, survey, _annotation)
            except Exception as failure:  # noqa: BLE001 - whatever it is, it would be the same the next time
                self._refuse(file_id, failure)
                return
            if annotation is not None:
                self._on_published(file_id, annotation)

    def load(self, file_id: str, loaded: Song | None) -> bool:
        """Opens the chosen file; one that is no longer chosen keeps none waiting.

        Returns whether it has begun. `loaded`, another song, is then to be let go: it is read no further.
        """
        if self._chosen is not None and self._chosen[0] != file_id:
            self._stop()
        is_here = loaded is not None and loaded.file_id == file_id
        if is_here or self._is_loading or file_id in self._refused:
            return False
        path = self._swarm.content_of(file_id)
        if path is None:
            return False
        self._stop()
        survey, loop = self._surveys.get(file_id), asyncio.get_running_loop()

        def failed(failure: FileError) -> None:
            loop.call_soon_threadsafe(self._fail, window, failure)

        window = SongWindow(path, self._place_sec(), survey[1] if survey else None, failed)
        self._chosen, self._is_loading = (file_id, window), True
        self._spawn(self._finish_loading(file_id, window))
        return True

    def aim(self, sec: float) -> None:
        """Where in its own decode the chosen song is, or will go on."""
        if self._chosen is not None:
            self._chosen[1].aim(sec)

    def find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        """Looks for an anchor in the song's file, and tells; not at all where the session ends."""
        self._spawn(self._find(song, anchor, on_found))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish_loading(self, file_id: str, window: SongWindow) -> None:
        self._begin_survey(file_id)
        try:
            heading = await asyncio.to_thread(window.wait_ready)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it would be the same the next time
            self._fail(window, failure)
            return
        if self._chosen is None or self._chosen[1] is not window:
            return  # another file was chosen meanwhile
        self._is_loading = False
        song = Song(file_id, heading.sample_rate, window, said=SaidLength(heading.said_sec, heading.is_rough))
        self._on_loaded(song)
        try:
            surveyed = await self._survey(file_id)
        except Exception as failure:  # noqa: BLE001 - it plays as far as it goes
            log.info("%s plays without a look through it: %r", self._name_of(file_id), failure)
            return
        if surveyed is not None:
            self._learn(song, window, surveyed[1])

    def _learn(self, song: Song, window: SongWindow, index: SeekIndex) -> None:
        window.learn(index)
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

    def _fail(self, window: SongWindow, failure: Exception) -> None:
        """Of the chosen file, at its beginning or later."""
        if self._chosen is None or self._chosen[1] is not window:
            return
        self._refuse(self._chosen[0], failure)
        self._stop()
        self._on_loaded(None)

    def _stop(self) -> None:
        if self._chosen is None:
            return
        file_id, window = self._chosen
        window.close()
        self._chosen, self._is_loading = None, False
        file = self._swarm.get(file_id)
        if file_id in self._surveying and (file is None or not file.is_mine):
            self._surveying.pop(file_id)[0].close()

    async def _survey(self, file_id: str) -> Survey | None:
        """Once for each file, whoever asks. None: there is no such file. Raises `FileError`."""
        self._begin_survey(file_id)
        if file_id in self._surveying:
            return await asyncio.shield(self._surveying[file_id][1])
        return self._surveys.get(file_id)

    def _begin_survey(self, file_id: str) -> None:
        path = self._swarm.content_of(file_id)
        if file_id in self._surveys or file_id in self._surveying or path is None:
            return
        file = SongFile(path)
        task = asyncio.get_running_loop().create_task(self._look_through(file_id, file))
        # Who asks learns of a failure; nobody need ask.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._surveying[file_id] = file, task

    async def _look_through(self, file_id: str, file: SongFile) -> Survey | None:
        try:
            survey = await asyncio.to_thread(file.survey)
        except FileError:
            if file.is_closed:
                return None
            raise
        finally:
            if file_id in self._surveying and self._surveying[file_id][0] is file:
                del self._surveying[file_id]
        remember(self._surveys, file_id, survey, MAX_SURVEYS)
        return survey

    async def _within(
        self, file_id: str, survey: Survey, look: Callable[[FileStretches, int], Found]
    ) -> Found | None:
        path = self._swarm.content_of(file_id)
        if path is None:
            return None
        file = SongFile(path)
        self._looking.add(file)
        try:
            return await asyncio.to_thread(look, FileStretches(file, survey[1]), survey[0].sample_rate)
        finally:
            self._looking.discard(file)
            file.close()

    async def _find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        match = None
        try:
            survey = await self._survey(song.file_id)
            if survey is not None:
                match = await self._within(
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
