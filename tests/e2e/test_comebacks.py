"""Who was cut off, frozen or deposed is back in step by itself, and who leaves leaves nothing behind."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import expect

from lab.browsers.device import POLL_MS, WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from lab.browsers.tcp_proxy import TcpProxy
from lab.ports import free_port
from lab.rig.song import Song
from lab.room import Room, is_playing
from lab.server_process import ServerProcess

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

IN_STEP_MS = 5.0
FROZEN_SEC = 20.0
# Where a session keeps its pieces in the browser, counted; 0 where it is wiped.
KEPT_FILES = """async () => {
  const count = async (folder) => {
    let files = 0;
    for await (const entry of folder.values()) files += entry.kind === 'file' ? 1 : await count(entry);
    return files;
  };
  const inFolders = await count(await navigator.storage.getDirectory());
  return inFolders + (await indexedDB.databases()).length;
}"""
# The last that a page fetches before the tap on Join.
LAST_PART_IS_HERE = """() => performance.getEntriesByType("resource")
  .some(({ name, responseEnd }) => name.includes("bulk.worker") && responseEnd > 0)"""
CLICK_AT = """([name, atMs]) => {
  const button = [...document.querySelectorAll('button')].find((each) => each.innerText.trim() === name);
  setTimeout(() => button.click(), atMs - Date.now());
}"""


@pytest.mark.long
def test_a_socket_that_falls_silent_is_noticed_and_made_anew(
    open_room: Callable[..., Room], server: ServerProcess, song: Song
) -> None:
    """Bytes vanish without a reset, as on a lost Wi-Fi, until the server has given bo up; then they flow."""
    room = open_room(2)
    with TcpProxy("127.0.0.1", server.port) as proxy:
        [ada] = room.enter("ada")
        bo = room.sit("bo")
        bo.open(room.link.replace(f":{server.port}", f":{proxy.port}"))
        bo.join()
        playing(room, [ada, bo], song)
        before = bo.snapshot()
        proxy.blackhole = True
        silent_at_sec = time.monotonic()
        bo.wait_for(lambda shot: shot["control"]["state"] != "open", "to notice the silence")
        print(f"\nnoticed after {time.monotonic() - silent_at_sec:.1f} s")
        ada.wait_for(lambda shot: any(peer["away"] for peer in shot["peers"]), "to see bo away")
        print(f"given up by the server after {time.monotonic() - silent_at_sec:.1f} s")
        assert is_playing(bo.snapshot()), "the music goes on meanwhile"
        proxy.blackhole = False
        after = bo.wait_for(lambda shot: is_connected(shot) and is_in_step(shot), "to be back in step")
    assert after["userId"] == before["userId"]
    assert after["director"] == before["director"]


def test_two_take_over_in_the_same_moment(open_room: Callable[..., Room]) -> None:
    """Everybody ends up with the same director, and one of the two it is."""
    devices = open_room(3).enter("ada", "bo", "cy")
    ids = [device.snapshot()["userId"] for device in devices]
    wait_for_all(devices, lambda shot: shot["director"]["userId"] == ids[0], "to be directed by ada")
    at_ms = time.time() * 1000 + 1500
    for device in devices[1:]:
        device.page.evaluate(CLICK_AT, ["Take over", at_ms])
    shots = wait_for_all(devices, lambda shot: shot["director"]["term"] > 1, "to have a new director")
    shots = wait_for_all(devices, agrees_with(devices[0]), "to agree on it")
    assert shots[0]["director"]["userId"] in ids[1:]
    assert sum(shot["director"]["isMe"] for shot in shots) == 1


def test_who_leaves_leaves_nothing_behind(
    open_room: Callable[..., Room], song: Song, start_server: Callable[..., ServerProcess]
) -> None:
    """The server knows no swarm and no member any more, and the browsers hold no piece of the song."""
    metrics_port = free_port()
    server = start_server(extra_args=["--metrics", f"127.0.0.1:{metrics_port}"])
    room = open_room(2, base_url=server.url)
    devices = room.enter("ada", "bo")
    room.share(devices[0], song.path)
    assert gauges(metrics_port) == {"swarms": 1.0, "members": 2.0}
    assert all(device.page.evaluate(KEPT_FILES) > 0 for device in devices)
    for device in devices:
        device.leave()
    until(devices[0], lambda: gauges(metrics_port) == {"swarms": 0.0, "members": 0.0})
    for device in devices:
        until(device, partial(holds_nothing, device))


@pytest.mark.long
def test_a_frozen_device_is_back_in_step(open_room: Callable[..., Room], song: Song) -> None:
    """Bo's scripts stand still for 20 s, longer than any silence the others forgive."""
    room = open_room(2)
    ada, bo = devices = room.enter("ada", "bo")
    playing(room, devices, song)
    browser = bo.context.new_cdp_session(bo.page)
    browser.send("Debugger.enable")
    browser.send("Debugger.pause")
    ada.page.wait_for_timeout(FROZEN_SEC * 1000)
    browser.send("Debugger.resume")
    browser.send("Debugger.disable")
    thawed_at_sec = time.monotonic()
    bo.wait_for(lambda shot: is_connected(shot) and is_in_step(shot), "to be in step again")
    print(f"\nin step {time.monotonic() - thawed_at_sec:.1f} s after the thaw")


def test_coming_online_does_not_wait(open_room: Callable[..., Room], server: ServerProcess) -> None:
    """The browser says that the network is back: the next attempt begins in the same turn."""
    [ada] = open_room(1).enter("ada")
    server.stop(signal.SIGKILL)
    ada.wait_for(lambda shot: shot["control"]["state"] == "retrying", "to notice")
    state = ada.page.evaluate(
        """() => new Promise((resolve) => {
          const look = () => {
            if (unisono.snapshot().control.state !== 'retrying') return setTimeout(look, 5);
            window.dispatchEvent(new Event('online'));
            resolve(unisono.snapshot().control.state);
          };
          look();
        })"""
    )
    assert state == "connecting"
    server.restart()
    ada.wait_for(is_connected, "to be back")


def test_a_wait_says_its_cause_and_what_helps(open_room: Callable[..., Room], server: ServerProcess) -> None:
    """The server is gone when ada taps Join, then the network as well: both are said, and both pass."""
    ada = open_room(1).sit("ada")
    ada.open(f"{server.url}/#K7QF-9TXM-2B4D")
    ada.page.wait_for_function(LAST_PART_IS_HERE)
    ada.page.wait_for_load_state("networkidle")
    status = ada.page.get_by_role("status")
    server.stop(signal.SIGKILL)
    ada.page.get_by_role("button", name=re.compile("^Join")).click()
    expect(status).to_contain_text("Looking for the others…")
    expect(status).to_contain_text(re.compile("The server doesn.t answer"))
    ada.context.set_offline(True)
    expect(status).to_contain_text("This phone is offline. Turn on Wi-Fi or mobile data")
    ada.context.set_offline(False)
    server.restart()
    ada.wait_for(is_connected, "to be in the swarm")
    expect(status).not_to_contain_text("offline")
    assert [line for line in ada.errors if line.startswith("uncaught")] == []


def playing(room: Room, devices: list[Device], song: Song) -> None:
    room.fleet.give_sound_priority()
    room.share(devices[0], song.path)
    room.start(devices[0], song.path.name)
    wait_for_all(devices, is_in_step, "to be in step")


def is_connected(shot: Snapshot) -> bool:
    return bool(shot["control"]["state"] == "open" and shot["clock"]["state"] == "locked")


def is_in_step(shot: Snapshot) -> bool:
    error_ms = shot["playback"]["errorMs"]
    return is_playing(shot) and error_ms is not None and abs(error_ms) <= IN_STEP_MS


def agrees_with(device: Device) -> Callable[[Snapshot], bool]:
    return lambda shot: bool(shot["director"]["userId"] == device.snapshot()["director"]["userId"])


def holds_nothing(device: Device) -> bool:
    return bool(device.page.evaluate(KEPT_FILES) == 0)


def until(device: Device, is_reached: Callable[[], bool]) -> None:
    give_up_at_sec = time.monotonic() + WAIT_LIMIT_SEC
    while not is_reached():
        assert time.monotonic() < give_up_at_sec
        device.page.wait_for_timeout(POLL_MS)


def gauges(metrics_port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        text = answer.read().decode()
    found = re.findall(r"^unisono_(swarms|members)\s+([0-9.]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}
