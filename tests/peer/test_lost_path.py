"""Peers in networks of their own, with a slow uplink: where a path breaks, another takes its place."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from lab.file_room import MIB, make_noise
from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from lab.networks.programs import NetworkServer

pytestmark = [
    pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS),
    pytest.mark.long,
]

KEY = "K7QF-9TXM-2B4D"
SONG = "song.mp3"
# The song takes some seconds through it, so that there is time to break the path in the middle.
UPLINK_KBIT = 8_000
# A state that has not come by then never will; normally some seconds.
WAIT_LIMIT_SEC = 90.0
POLL_SEC = 0.1


class ToldPeer:
    """A headless peer at a member of a network, and what it told last. A context manager."""

    def __init__(self, network: Network, member: str, folder: Path, *arguments: str) -> None:
        self._told_path, self._log_path = folder / f"{member}.told", folder / f"{member}.log"
        with self._told_path.open("wb") as told, self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *network.command(member),
                    sys.executable,
                    "-m",
                    "lab.told_peer",
                    *arguments,
                    "--name",
                    member,
                ],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def told(self) -> dict[str, Any]:
        lines = self._told_path.read_text(encoding="utf-8").splitlines()
        return dict(json.loads(lines[-1])) if lines else {"linked": [], "files": {}}

    @property
    def has_song(self) -> float:
        share: float = self.told["files"].get(SONG, 0.0)
        return share

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline_sec = time.monotonic() + WAIT_LIMIT_SEC
        while not is_so():
            if self._process.poll() is not None or time.monotonic() > deadline_sec:
                raise AssertionError(f"never {what}: {self.told}\n{self.log}")
            time.sleep(POLL_SEC)  # asks again; the deadline ends it


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Network, ToldPeer, ToldPeer]]:
    """Ada gives a song through a slow uplink, and bo has some of it."""
    with ExitStack() as stack:
        network = stack.enter_context(Network("server", "ada", "bo"))
        network.shape_uplink("ada", UPLINK_KBIT)
        server = NetworkServer(network, "server", tmp_path / "server.log")
        stack.callback(server.stop)
        link = f"{server.url}/#{KEY}"
        song = make_noise(tmp_path / SONG, 8 * MIB)
        ada = stack.enter_context(ToldPeer(network, "ada", tmp_path, link, str(song)))
        bo = stack.enter_context(ToldPeer(network, "bo", tmp_path, link))
        bo.wait_until(lambda: bo.has_song > 0, "some of the song")
        yield network, ada, bo


def test_a_path_that_carries_nothing_any_more_is_replaced(
    pair: tuple[Network, ToldPeer, ToldPeer],
) -> None:
    """[S58] Both notice by themselves: the server is reached all the time, and aiortc says nothing yet."""
    network, ada, bo = pair
    network.block("ada", "bo")
    for one in (ada, bo):
        one.wait_until(lambda one=one: one.told["linked"] == [], "without its link")  # type: ignore[misc]
    assert "carries nothing any more" in ada.log + bo.log
    assert 0 < bo.has_song < 1
    network.unblock("ada", "bo")
    bo.wait_until(lambda: bo.has_song == 1.0, "the whole song")
    assert ada.told["linked"] == ["bo"]


def test_a_device_with_another_address_is_linked_again(pair: tuple[Network, ToldPeer, ToldPeer]) -> None:
    """[S23] [S58] As on a change from one Wi-Fi to another: nothing of the former address works any more."""
    network, ada, bo = pair
    network.readdress("ada", 77)
    ada.wait_until(lambda: "the address it was made from is gone" in ada.log, "aware of it")
    bo.wait_until(lambda: bo.has_song == 1.0, "the whole song")
    assert bo.told["linked"] == ["ada"]
