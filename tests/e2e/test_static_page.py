"""The page from one place, the server in another: a static host serves the build, a link names the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.browsers.device import wait_for_all
from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.file_room import NO_SOUND, SILENT, make_noise
from lab.room import has_peers
from lab.server_process import ServerProcess

pytestmark = pytest.mark.e2e

BUILT = Path(__file__).parents[2] / "src" / "unisono" / "_web"
KEY = "K7QF-9TXM-2B4D"


def test_a_page_from_a_static_host_plays_with_one_from_the_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    """Ada's page comes from the static host, bo's from the server; their file passes between them. A page of
    another site is kept out.
    """
    with serve_folder(BUILT) as static_url, serve_folder(BUILT) as other_url:
        server = start_server(extra_args=["--page-origin", static_url, "--stun-port", "0"])
        control = server.url.replace("http", "ws", 1)
        with Fleet(server.url) as fleet:
            ada, bo = (fleet.chromium(name, SILENT, extra_args=NO_SOUND) for name in ("ada", "bo"))
            ada.open(f"{static_url}/#{KEY}?server={control}")
            ada.join()
            bo.open(f"{server.url}/#{KEY}")
            bo.join()
            wait_for_all([ada, bo], has_peers(2), "to be linked")
            song = make_noise(tmp_path / "song.mp3", 100_000)
            ada.add_file(song)
            bo.wait_for_seeded(song.name)
            assert ada.invite_link() == f"{static_url}/#{KEY}?server={control}"
            assert (ada.errors, bo.errors) == ([], [])

            bo.open(f"{other_url}/#{KEY}?server={control}")
            bo.page.get_by_role("button", name="Join").first.click()
            bo.wait_for(lambda shot: shot["control"]["state"] == "retrying", "to be kept out")
            ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to be alone")
