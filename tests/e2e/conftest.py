"""Fixtures of the end-to-end tests: a song, odd files, and rooms with loudspeakers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest

from lab.browsers.launch import Condition, Fleet
from lab.file_room import FileRoom
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song, make_song
from lab.room import Room
from lab.server_process import ServerProcess

OUT = Path(__file__).parents[1] / "out"


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    """An MP3 of three minutes with tags and cover."""
    folder: Path = tmp_path_factory.mktemp("song")
    return make_song(folder)


@pytest.fixture
def open_room(server: ServerProcess) -> Iterator[Callable[..., Room]]:
    """`open_room(3)`: three loudspeakers and an empty fleet, at the test's server or at `base_url`."""
    with ExitStack() as stack:

        def open_one(
            speakers: int,
            *,
            base_url: str = "",
            condition: Condition = "quiet",
            microphone: bool | Literal["apart"] = False,
        ) -> Room:
            is_quiet = condition == "quiet"
            rig = stack.enter_context(SpeakerRig(speakers, priority=is_quiet, microphone=microphone))
            url = base_url or server.url
            fleet = stack.enter_context(Fleet(url, condition=condition))
            return Room(fleet, rig, url)

        yield open_one


@pytest.fixture
def file_room(server: ServerProcess) -> Iterator[FileRoom]:
    """Browsers without sound at the test's server."""
    with Fleet(server.url) as fleet:
        yield FileRoom(fleet, server.url)


@pytest.fixture
def out_dir() -> Path:
    """Where plots and screenshots of a test run are left (git-ignored)."""
    OUT.mkdir(exist_ok=True)
    return OUT
