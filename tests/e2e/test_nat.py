"""Networks that keep people apart: a relay helps, and without one a third peer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from lab.networks.programs import Coturn, NetworkFleet, NetworkServer, faults
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.room import has_peers, holds

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.rig,
    pytest.mark.shares,
    pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS),
]

SECRET = "north-by-northwest"
TURN_PORT = 3479  # the built-in responder of the same member has 3478

# Keeps what the page connects with, for the browser's own word on which path was chosen.
KEEP_CONNECTIONS = """
window.keptConnections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); keptConnections.push(this); }
};
"""

SERVERS_USED = """() => keptConnections.flatMap((connection) =>
  connection.getConfiguration().iceServers.flatMap(({ urls }) => urls))"""

CHOSEN_PATHS = """async () => {
  const paths = [];
  for (const connection of keptConnections) {
    if (connection.connectionState !== "connected") continue;
    const stats = new Map([...await connection.getStats()]);
    for (const { type, selectedCandidatePairId } of stats.values()) {
      const pair = type === "transport" && stats.get(selectedCandidatePairId);
      if (!pair) continue;
      const ends = [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType);
      paths.push({ ends, sentBytes: pair.bytesSent, receivedBytes: pair.bytesReceived });
    }
  }
  return paths;
}"""

GATHER = """async (urls) => {
  const connection = new RTCPeerConnection({ iceServers: [{ urls }] });
  connection.createDataChannel("any");
  const found = [];
  const isDone = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) resolve();
      else if (candidate.candidate) found.push({ type: candidate.type, address: candidate.address });
    };
  });
  await connection.setLocalDescription(await connection.createOffer());
  await isDone;
  connection.close();
  return found;
}"""


class Apart:
    """A network with a server at `server` and people at the other members."""

    def __init__(self, network: Network, server: NetworkServer, fleet: NetworkFleet, rig: SpeakerRig) -> None:
        self.network = network
        self.server = server
        self._fleet = fleet
        self._rig = rig

    def enter(self, *names: str) -> list[Device]:
        """Each opens a browser at the member of the same name; the first one makes the swarm."""
        devices = [self.sit(name) for name in names]
        devices[0].new_swarm()
        link = devices[0].invite_link()
        for device in devices[1:]:
            device.open(link)
            device.join()
        return devices

    def sit(self, name: str, *, show_local_ips: bool = True) -> Device:
        """A browser with the front door open."""
        seat = len(self._fleet.devices)
        device = self._fleet.chromium_at(name, self._rig.env(seat), show_local_ips=show_local_ips)
        device.page.add_init_script(KEEP_CONNECTIONS)
        device.open()
        return device


@pytest.fixture
def live_apart(tmp_path: Path) -> Iterator[Callable[..., Apart]]:
    """`live_apart("ada", "bo", blocked=[("ada", "bo")], has_turn=True)`"""
    with ExitStack() as stack:

        def open_one(*people: str, blocked: list[tuple[str, str]], has_turn: bool = False) -> Apart:
            network = stack.enter_context(Network("server", *people))
            for pair in blocked:
                network.block(*pair)
            options: list[str] = []
            if has_turn:
                secret_path = tmp_path / "secret"
                secret_path.write_text(f"{SECRET}\n", encoding="utf-8")
                coturn = Coturn(network, "server", tmp_path, secret=SECRET, port=TURN_PORT)
                stack.enter_context(coturn)
                options = ["--turn", coturn.url, "--turn-secret-file", str(secret_path)]
            server = NetworkServer(network, "server", tmp_path / "server.log", options)
            stack.callback(server.stop)
            rig = stack.enter_context(SpeakerRig(len(people)))
            fleet = stack.enter_context(NetworkFleet(network, server.url))
            return Apart(network, server, fleet, rig)

        yield open_one


def test_a_browser_learns_its_address_from_the_server_and_from_nobody_else(
    live_apart: Callable[..., Apart],
) -> None:
    """Its own candidates hide the address behind an mDNS name; the one from the server shows it."""
    apart = live_apart("ada", blocked=[])
    ada = apart.sit("ada", show_local_ips=False)
    found = ada.page.evaluate(GATHER, f"stun:{apart.network.address('server')}:3478")
    own = [each["address"] for each in found if each["type"] == "host"]
    reflexive = [each["address"] for each in found if each["type"] == "srflx"]
    assert reflexive == [apart.network.address("ada")]
    assert all(address.endswith(".local") for address in own)


def test_two_who_cannot_reach_each_other_share_a_song_through_the_relay(
    live_apart: Callable[..., Apart], song: Song
) -> None:
    apart = live_apart("ada", "bo", blocked=[("ada", "bo")], has_turn=True)
    ada, bo = apart.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to reach the other through the relay")
    wait_for_all([ada, bo], says_relayed, "to know that it is a relay")
    expect(ada.page.get_by_role("list", name="People")).to_contain_text("through a relay, still encrypted")
    ada.add_file(song.path)
    bo.wait_for_seeded(song.path.name)
    for device, direction in ((ada, "sentBytes"), (bo, "receivedBytes")):
        [path] = device.page.evaluate(CHOSEN_PATHS)
        assert "relay" in path["ends"]
        assert path[direction] > song.path.stat().st_size
        server = apart.network.address("server")
        asked = set(device.page.evaluate(SERVERS_USED))
        assert asked == {f"stun:{server}:3478", f"turn:{server}:{TURN_PORT}"}
        assert faults(device) == []


def test_two_who_cannot_reach_each_other_get_the_song_from_a_third(
    live_apart: Callable[..., Apart], song: Song
) -> None:
    """Without a relay; and each page names whom it cannot reach."""
    apart = live_apart("ada", "bo", "cy", blocked=[("ada", "bo")])
    ada, bo, cy = apart.enter("ada", "bo", "cy")
    wait_for_all([cy], has_peers(3), "to reach both")
    ada.add_file(song.path)
    bo.wait_for_seeded(song.path.name)
    shots = wait_for_all([ada, bo, cy], lambda shot: holds(shot, song.path.name), "to hold the song")
    assert [linked(shot) for shot in shots] == [{cy_id(shots)}, {cy_id(shots)}, ids(shots[:2])]
    for device, other in ((ada, shots[1]), (bo, shots[0])):
        words = re.compile(f"^Can.t reach .*{re.escape(other['name'])}")
        expect(device.page.get_by_text(words)).to_be_visible(timeout=WAIT_LIMIT_SEC * 1000)


def linked(shot: Snapshot) -> set[str]:
    """The user ids of the others this device has a data channel to."""
    return {peer["userId"] for peer in shot["peers"] if peer["linked"] and not peer["isMe"]}


def ids(shots: list[Snapshot]) -> set[str]:
    return {shot["userId"] for shot in shots}


def cy_id(shots: list[Snapshot]) -> str:
    cy: str = shots[2]["userId"]
    return cy


def says_relayed(shot: Snapshot) -> bool:
    return any(peer["relayed"] for peer in shot["peers"])
