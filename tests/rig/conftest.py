"""What the rig's own tests share."""

from pathlib import Path

import pytest

from lab.rig.song import Song, make_song


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    folder: Path = tmp_path_factory.mktemp("song")
    return make_song(folder)
