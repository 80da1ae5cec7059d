"""Links as messengers, people and browsers hand them on: into the right swarm, or words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import WAIT_LIMIT_SEC, Device, wait_for_all
from lab.browsers.launch import Fleet
from lab.file_room import NO_SOUND, SILENT, FileRoom
from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from lab.networks.programs import NetworkFleet, NetworkServer
from lab.room import has_peers
from lab.server_process import ServerProcess

pytestmark = pytest.mark.e2e

PAGE_HOST = "music.example"
LIMIT_MS = WAIT_LIMIT_SEC * 1000


def test_what_a_messenger_made_of_a_link_leads_to_the_same_swarm(file_room: FileRoom) -> None:
    """K8: bo's link has a full stop, an invisible character and an escaped `#`."""
    [ada, bo] = file_room.sit_together("ada", "bo")
    file_room.join(ada)
    bo.open(f"{file_room.link.replace('#', '%23')}%E2%80%8B.")
    bo.join()
    ada.wait_for(lambda shot: len(shot["peers"]) == 2, "to see bo")
    assert bo.page.url == ada.page.url == file_room.link


def test_a_key_with_a_typing_error_is_asked_about_before_it_opens_another_swarm(
    file_room: FileRoom,
) -> None:
    """K9: the first tap says so, the second means it."""
    [ada, bo] = file_room.sit_together("ada", "bo")
    file_room.join(ada)
    last = file_room.link[-1]
    bo.open(f"{file_room.link[:-1]}{'A' if last != 'A' else 'B'}")
    button = bo.page.get_by_role("button", name=re.compile("^Join"))
    button.click()
    expect(bo.page.get_by_role("status")).to_contain_text("typing error")
    assert bo.snapshot()["phase"] == "home"
    button.click()
    bo.wait_for_phase("joined")
    expect(bo.page.get_by_text("compare your key with theirs")).to_be_visible()


def from_the_internet(address: str, port: str) -> tuple[str, ...]:
    """Chromium takes the page of this host for one from a public address."""
    return (
        *NO_SOUND,
        "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP {PAGE_HOST} {address}",
        f"--ip-address-space-overrides={address}:{port}=public",
    )


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> list[str]:
    cert, key = certificate
    return ["--tls-cert", str(cert), "--tls-key", str(key), "--stun-port", "0"]


@pytest.fixture
def barred(start_server: Callable[..., ServerProcess], tls: list[str]) -> Iterator[Callable[[], Device]]:
    """A browser for which the page's host lies on the internet and the named server on this machine."""
    host = start_server(extra_args=tls)
    page_port = host.url.rsplit(":", 1)[1].strip("/")
    page_url = f"https://{PAGE_HOST}:{page_port}"
    server = start_server(extra_args=[*tls, "--page-origin", page_url])
    control = server.url.replace("https", "wss", 1).rstrip("/")
    with ExitStack() as stack:
        fleet = stack.enter_context(Fleet(page_url))

        def open_one() -> Device:
            device = fleet.chromium(
                "ada",
                SILENT,
                extra_args=from_the_internet("127.0.0.1", page_port),
            )
            device.open(f"{page_url}/#K7QF-9TXM-2B4D?server={control}")
            return device

        yield open_one


def test_a_browser_that_waits_for_a_permission_is_not_taken_for_a_silent_server(
    barred: Callable[[], Device],
) -> None:
    """G13: Chromium asks before a page from the internet reaches a server on this network or device."""
    ada = barred()
    ada.page.get_by_role("button", name=re.compile("^Join")).click()
    expect(ada.page.get_by_text("Allow this site to use the local network")).to_be_visible()
    ada.context.grant_permissions(["local-network-access"])
    ada.wait_for_phase("joined")


@pytest.mark.long
@pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS)
def test_phones_that_wait_for_a_permission_are_told_of_it(tls: list[str], tmp_path: Path) -> None:
    """G13: with the check for data channels (behind a flag in Chromium 156) two pages of an internet host get
    no link and no error. One that is allowed is enough for both.
    """
    with Network("server", "ada", "bo") as network, ExitStack() as stack:
        server = NetworkServer(network, "server", tmp_path / "server.log", tls)
        stack.callback(server.stop)
        port = server.url.rsplit(":", 1)[1].strip("/")
        page_url = f"https://{PAGE_HOST}:{port}"
        fleet = stack.enter_context(NetworkFleet(network, page_url))
        flags = (
            *from_the_internet(network.address("server"), port),
            "--enable-features=LocalNetworkAccessChecksWebRTC",
        )
        ada, bo = (
            fleet.chromium_at(name, SILENT, show_local_ips=True, extra_args=flags) for name in ("ada", "bo")
        )
        for device in (ada, bo):
            device.open(f"{page_url}/#K7QF-9TXM-2B4D")
            device.join()
        for device in (ada, bo):
            expect(device.page.get_by_text("this browser asks first")).to_be_visible(timeout=LIMIT_MS)
        bo.context.grant_permissions(["local-network-access"])
        wait_for_all([ada, bo], has_peers(2), "to be linked")
