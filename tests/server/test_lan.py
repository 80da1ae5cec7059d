"""Which of a machine's addresses is the room's: tables of what people have, and real interfaces."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.networks.network import NEEDS_NETWORKS, can_make_networks
from unisono.lan import rank

LOOPBACK = ("lo", "127.0.0.1", 8)
HOME = ("wlan0", "192.168.7.2", 24)
VPN = ("tun0", "10.8.0.2", 24)
DOCKER = ("docker0", "172.17.0.1", 16)
# An interface to which nobody gave an address.
UNGIVEN = ("eth0", "169.254.9.9", 16)


@pytest.mark.parametrize(
    ("found", "default", "expected"),
    [
        ([LOOPBACK], None, []),
        ([LOOPBACK, HOME], "192.168.7.2", ["192.168.7.2 network"]),
        ([LOOPBACK, HOME], None, ["192.168.7.2 network"]),
        ([HOME, VPN], "10.8.0.2", ["192.168.7.2 network", "10.8.0.2 tunnel"]),
        ([VPN, HOME], None, ["192.168.7.2 network", "10.8.0.2 tunnel"]),
        ([("wg0", "10.9.0.2", 32), HOME], "10.9.0.2", ["192.168.7.2 network", "10.9.0.2 tunnel"]),
        ([("tailscale0", "100.64.3.2", 32)], None, ["100.64.3.2 tunnel"]),
        ([("Ethernet 2", "100.101.3.2", 10), HOME], None, ["192.168.7.2 network", "100.101.3.2 tunnel"]),
        ([DOCKER, ("eth0", "10.1.2.3", 24)], None, ["10.1.2.3 network", "172.17.0.1 virtual"]),
        ([("br-5f2a", "172.18.0.1", 16), HOME], None, ["192.168.7.2 network", "172.18.0.1 virtual"]),
        ([("virbr0", "192.168.122.1", 24), HOME], None, ["192.168.7.2 network", "192.168.122.1 virtual"]),
        ([("eth0", "10.1.2.3", 24), HOME], "192.168.7.2", ["192.168.7.2 network", "10.1.2.3 network"]),
        ([UNGIVEN, HOME], None, ["192.168.7.2 network", "169.254.9.9 network"]),
        ([UNGIVEN, VPN], "10.8.0.2", ["169.254.9.9 network", "10.8.0.2 tunnel"]),
        ([("eth0", "8.8.4.5", 24), ("eth1", "10.0.0.1", 24)], None, ["10.0.0.1 network", "8.8.4.5 network"]),
        ([("utun3", "10.2.0.2", 32), HOME], "10.2.0.2", ["192.168.7.2 network", "10.2.0.2 tunnel"]),
        ([("bridge100", "192.168.64.1", 24), HOME], None, ["192.168.7.2 network", "192.168.64.1 virtual"]),
    ],
)
def test_the_room_s_address_goes_before_tunnels_and_containers(
    found: list[tuple[str, str, int]], default: str | None, expected: list[str]
) -> None:
    assert [f"{each.address} {each.kind}" for each in rank(found, default)] == expected


SHOW_ADDRESSES = """
import json
from unisono.lan import lan_addresses
print(json.dumps([each.address for each in lan_addresses()]))
"""


class Machine:
    """A network namespace with interfaces of its own; nothing leads out of it."""

    _numbers = itertools.count(1)

    def __init__(self) -> None:
        self._name = f"unisono-lan-{os.getpid()}-{next(Machine._numbers)}"

    def ip(self, command: str) -> None:
        subprocess.run(["ip", "-n", self._name, *command.split()], check=True, timeout=30)

    def plug_in(self, interface: str, address: str) -> None:
        self.ip(f"link add {interface} type veth peer name far-{interface}")
        self.ip(f"address add {address} dev {interface}")
        self.ip(f"link set {interface} up")
        self.ip(f"link set far-{interface} up")

    def addresses(self) -> list[str]:
        command = ["ip", "netns", "exec", self._name, sys.executable, "-c", SHOW_ADDRESSES]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        listed: list[str] = json.loads(done.stdout)
        return listed


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine()
    subprocess.run(["ip", "netns", "add", made._name], check=True, timeout=30)
    made.ip("link set lo up")
    yield made
    with contextlib.suppress(subprocess.CalledProcessError):
        subprocess.run(["ip", "netns", "del", made._name], check=True, timeout=30)


@pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS)
def test_a_default_route_through_a_vpn_does_not_hide_the_room(machine: Machine) -> None:
    machine.plug_in("wlan0", "192.168.7.2/24")
    machine.ip("tuntap add dev tun0 mode tun")
    machine.ip("address add 10.8.0.2/24 dev tun0")
    machine.ip("link set tun0 up")
    machine.ip("route add default dev tun0")
    assert machine.addresses() == ["192.168.7.2", "10.8.0.2"]


@pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS)
def test_a_network_without_a_way_out_is_a_network(machine: Machine) -> None:
    assert machine.addresses() == []
    machine.plug_in("eth0", "192.168.7.2/24")
    assert machine.addresses() == ["192.168.7.2"]
