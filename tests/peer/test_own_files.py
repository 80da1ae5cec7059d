"""What a headless peer offers, with a real folder for its pieces and nobody to give them to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.peer.dice import Dice
from unisono.peer import ctl
from unisono.peer.ambient import RealClock
from unisono.peer.constants.transfer import CTL_VERSION, MAX_OWN_FILES
from unisono.peer.downloads import Downloads
from unisono.peer.errors import FileError
from unisono.peer.store import PieceStore
from unisono.peer.swarm import FileSwarm
from unisono.peer.transfer import Transfer


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


async def test_a_copy_that_is_begun_ends_when_the_peer_leaves(tmp_path: Path) -> None:
    """Or the process would stay until gigabytes are read."""
    song = tmp_path / "long.wav"
    with song.open("wb") as file:
        file.truncate(3 * 1024**3)
    kept = PieceStore([tmp_path])
    looks = iter([False, False, True])
    with pytest.raises(FileError, match="leaves"):
        kept.copy_in(song, lambda: next(looks))
    assert list(kept.folder.iterdir()) == []
    kept.close()


def test_a_neighbours_pings_do_not_make_this_peer_look_through_all_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hundreds a second are within its rate, and each look takes milliseconds where many files are listed."""
    wire = Transfer("a" * 32, Dice(1), 1024**3, lambda _: True)
    bo = "b" * 32
    wire.link_opened(bo, 0)
    wire.receive(bo, ctl.Hello(CTL_VERSION, ""), 0)
    looked: list[float] = []
    monkeypatch.setattr(Downloads, "ask", lambda _, local_ms: looked.append(local_ms))
    for message in (ctl.Ping(1), ctl.Pong(1), ctl.Annotation("f" * 64, "AAAA"), ctl.Bye("left")):
        wire.receive(bo, message, 1)
    assert looked == []
    wire.receive(bo, ctl.Catalog([]), 2)
    assert looked == [2]
