"""Plain http on a LAN address: no secure context, and the whole product all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import Snapshot, wait_for_all
from lab.file_room import NO_BULK_WORKER
from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from lab.networks.programs import NetworkFleet, NetworkServer, faults
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.room import Room, has_peers, holds, is_director, is_playing, position_sec

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.rig,
    pytest.mark.shares,
    pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS),
]

# What browsers withhold from such a page, as the page itself sees it.
WITHHELD = """() => ({
  isSecure: isSecureContext,
  hasSubtle: crypto.subtle !== undefined,
  hasStorage: navigator.storage !== undefined,
  hasWakeLock: "wakeLock" in navigator,
})"""


# How many pieces the database of this origin holds.
PIECES_IN_DATABASE = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("unisono-pieces");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const counting = request.result.transaction("pieces").objectStore("pieces").count();
    counting.onsuccess = () => {
      request.result.close();
      resolve(counting.result);
    };
  };
})"""

# As in a private window: no database either, so pieces are kept in memory; and all that in the page itself.
NO_DATABASE = NO_BULK_WORKER + "Object.defineProperty(window, 'indexedDB', { value: undefined });"


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[NetworkFleet]:
    """A server and two phones on one switch, and browsers that hide their addresses as people's do."""
    with Network("server", "ada", "bo") as network:
        server = NetworkServer(network, "server", tmp_path / "server.log")
        try:
            with NetworkFleet(network, server.url) as fleet:
                yield fleet
        finally:
            server.stop()


def test_two_phones_on_plain_http_share_play_and_leave(lan: NetworkFleet, song: Song) -> None:
    """No crypto.subtle, no file system, no wake lock; pieces are verified and kept in a database, or in
    memory where there is none; a path that comes back is found again; and the music plays."""
    with SpeakerRig(2) as rig:
        ada = lan.chromium_at("ada", rig.env(0), show_local_ips=False)
        bo = lan.chromium_at("bo", rig.env(1), show_local_ips=False)
        room = Room(lan, rig, lan.base_url)
        bo.page.add_init_script(NO_DATABASE)
        ada.open()
        assert re.match(r"http://10\.", ada.page.url)
        assert not any(ada.page.evaluate(WITHHELD).values())
        expect(ada.page.get_by_text("This page came over plain http")).to_be_visible()
        ada.new_swarm()
        room.link = ada.invite_link()
        assert room.link.startswith(f"{lan.base_url}/#")
        bo.open(room.link)
        bo.join()
        wait_for_all([ada, bo], has_peers(2), "to reach the other")

        room.share(ada, song.path)
        transfer = bo.snapshot()["transfer"]
        assert transfer["receivedBytes"] >= song.path.stat().st_size
        assert transfer["badPieces"] == 0
        # A reload on plain http: what is in the database is not fetched again.
        assert ada.page.evaluate(PIECES_IN_DATABASE) >= 64
        ada.reload()
        ada.join()
        shot = ada.wait_for(lambda seen: holds(seen, song.path.name), "to have the song again")
        assert shot["transfer"]["receivedBytes"] == 0
        wait_for_all([ada, bo], has_peers(2), "to reach the other again")

        lan.network.block("ada", "bo")
        wait_for_all([ada, bo], is_unlinked, "to notice that the other is out of reach")
        lan.network.unblock("ada", "bo")
        wait_for_all([ada, bo], has_peers(2), "to reach the other without a reload")
        ada.take_over()  # bo directs since ada's reload
        ada.wait_for(is_director, "to direct again")
        room.start(ada, song.path.name)
        before_sec = position_sec(bo.snapshot())

        def plays_on(shot: Snapshot) -> bool:
            return is_playing(shot) and position_sec(shot) > before_sec

        wait_for_all([ada, bo], plays_on, "to play on")
        ada.wait_for(is_director, "to direct still")
        ada.stop()
        wait_for_all([ada, bo], lambda shot: shot["playback"]["state"] == "idle", "to be silent")

        bo.leave()
        ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to see bo leave")
        ada.leave()
        ada.page.wait_for_function(f"async () => (await ({PIECES_IN_DATABASE})()) === 0")
        assert (faults(ada), faults(bo)) == ([], [])


def is_unlinked(shot: Snapshot) -> bool:
    return not any(peer["linked"] for peer in shot["peers"] if not peer["isMe"])
