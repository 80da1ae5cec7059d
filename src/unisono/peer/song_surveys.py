"""What is known of song files by looking through them: each once, whoever asks.

Whoever makes it closes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from unisono.peer.decode_protocol import Heading, SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.remember import remember
from unisono.peer.song_file import FileStretches, SongFile

# A file is looked through once; of more files than these it is done anew.
MAX_SURVEYS = 64

Survey = tuple[Heading, SeekIndex]
Found = TypeVar("Found")


class SongSurveys:
    """`content_of(file_id)` is where a whole file lies; None: it is not here."""

    def __init__(self, content_of: Callable[[str], Path | None]) -> None:
        self._content_of = content_of
        self._known: dict[str, Survey] = {}
        self._going_on: dict[str, tuple[SongFile, asyncio.Task[Survey | None]]] = {}
        # What is read of files beside that.
        self._looking: set[SongFile] = set()

    def index_of(self, file_id: str) -> SeekIndex | None:
        """None: not looked through yet."""
        survey = self._known.get(file_id)
        return survey[1] if survey is not None else None

    @property
    def durations_us(self) -> dict[str, float]:
        """Of the files that were looked through."""
        return {
            file_id: index.frames / heading.sample_rate * 1e6
            for file_id, (heading, index) in self._known.items()
        }

    async def close(self) -> None:
        """Ends what goes on."""
        for file in (*self._looking, *(file for file, _ in self._going_on.values())):
            file.close()
        await asyncio.gather(*(task for _, task in self._going_on.values()), return_exceptions=True)

    async def survey(self, file_id: str) -> Survey | None:
        """None: there is no such file. Raises `FileError`."""
        self.begin(file_id)
        if file_id in self._going_on:
            return await asyncio.shield(self._going_on[file_id][1])
        return self._known.get(file_id)

    def begin(self, file_id: str) -> None:
        path = self._content_of(file_id)
        if file_id in self._known or file_id in self._going_on or path is None:
            return
        file = SongFile(path)
        task = asyncio.get_running_loop().create_task(self._look_through(file_id, file))
        # Who asks learns of a failure; nobody need ask.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._going_on[file_id] = file, task

    def stop(self, file_id: str) -> None:
        if file_id in self._going_on:
            self._going_on.pop(file_id)[0].close()

    async def within(
        self, file_id: str, survey: Survey, look: Callable[[FileStretches, int], Found]
    ) -> Found | None:
        """What `look`, in a thread, finds in stretches of the file, given its sample rate too."""
        path = self._content_of(file_id)
        if path is None:
            return None
        file = SongFile(path)
        self._looking.add(file)
        try:
            return await asyncio.to_thread(look, FileStretches(file, survey[1]), survey[0].sample_rate)
        finally:
            self._looking.discard(file)
            file.close()

    async def _look_through(self, file_id: str, file: SongFile) -> Survey | None:
        try:
            survey = await asyncio.to_thread(file.survey)
        except FileError:
            if file.is_closed:
                return None
            raise
        finally:
            if file_id in self._going_on and self._going_on[file_id][0] is file:
                del self._going_on[file_id]
        remember(self._known, file_id, survey, MAX_SURVEYS)
        return survey
