"""What a headless peer offers, with a real folder for its pieces and nobody to give them to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.peer.dice import Dice
from unisono.peer.ambient import RealClock
from unisono.peer.constants.transfer import MAX_OWN_FILES
from unisono.peer.errors import FileError
from unisono.peer.swarm import FileSwarm


async def test_a_file_that_may_not_be_offered_takes_no_room(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.mp3" for number in range(MAX_OWN_FILES + 1)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 100)
    nobody: Any = None
    swarm = FileSwarm(
        me="a" * 32,
        clock=RealClock(),
        chance=Dice(1),
        sealer=nobody,
        send_signal=lambda *_: None,
        accepts_annotation=lambda _: True,
        time_at=lambda _: None,
        on_peer_time=lambda *_: None,
    )
    try:
        offered = [await swarm.add_file(path) for path in paths[:MAX_OWN_FILES]]
        with pytest.raises(FileError, match="file-too-many"):
            await swarm.add_file(paths[-1])
        assert await swarm.add_file(paths[0]) == offered[0]
        held = [path for path in map(swarm.content_of, offered) if path is not None]
        assert len(held) == MAX_OWN_FILES
        assert sorted(held[0].parent.iterdir()) == sorted(held)
    finally:
        await swarm.close()
