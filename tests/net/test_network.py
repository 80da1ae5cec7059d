"""The network itself: who reaches whom, and that nothing is left of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks

pytestmark = pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS)

LISTEN = "import socket; s = socket.create_server(('', 9)); print('up', flush=True)\nwhile True: s.accept()"
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 9), timeout=20)"


def namespaces() -> set[str]:
    run = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in run.stdout.splitlines() if line}


def interfaces(prefix: tuple[str, ...]) -> set[str]:
    run = subprocess.run([*prefix, "ip", "-json", "link"], capture_output=True, text=True, check=True)
    return {link["ifname"] for link in json.loads(run.stdout)}


def reaches(network: Network, member: str, address: str) -> bool:
    question = [*network.command(member), sys.executable, "-c", CONNECT, address]
    return subprocess.run(question, capture_output=True, check=False).returncode == 0


def test_a_blocked_pair_reaches_a_third_and_not_each_other_until_unblocked() -> None:
    with Network("ada", "bo", "cy") as network:
        listeners = [
            subprocess.Popen([*network.command(member), sys.executable, "-c", LISTEN], stdout=subprocess.PIPE)
            for member in ("bo", "cy")
        ]
        try:
            for each in listeners:
                assert each.stdout is not None
                assert each.stdout.readline() == b"up\n"
            network.block("ada", "bo")
            assert not reaches(network, "ada", network.address("bo"))
            assert reaches(network, "ada", network.address("cy"))
            network.unblock("ada", "bo")
            assert reaches(network, "ada", network.address("bo"))
        finally:
            for each in listeners:
                each.kill()
                each.communicate()


def test_no_cable_leads_outside() -> None:
    """Every interface is a loopback, the switch, or one end of a cable whose other end is in the network."""
    with Network("ada", "bo") as network:
        ends = {member: interfaces(network.command(member)) for member in ("ada", "bo")}
        ends["switch"] = interfaces(("ip", "netns", "exec", network._switch))
    assert ends == {
        "ada": {"lo", "eth0"},
        "bo": {"lo", "eth0"},
        "switch": {"lo", "switch", "port0", "port1"},
    }


def test_an_uplink_is_shaped_by_a_token_bucket() -> None:
    with Network("ada") as network:
        network.shape_uplink("ada", 6000)
        show = [*network.command("ada"), "tc", "qdisc", "show", "dev", "eth0"]
        assert "rate 6Mbit" in subprocess.run(show, capture_output=True, text=True, check=True).stdout


def test_only_what_was_made_is_removed() -> None:
    before = namespaces()
    with Network("ada", "bo") as network:
        made = namespaces() - before
        assert len(made) == 3
        with Network("ada"):
            pass
        assert made <= namespaces()
        network.close()
    assert not made & namespaces()
