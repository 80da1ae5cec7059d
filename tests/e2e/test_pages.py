"""What a browser does to a page: puts it aside and brings it back, blocks its storage, loses its files."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from lab.browsers.hidden import HideablePage
from lab.browsers.path_proxy import path_proxy
from lab.file_room import KIB, NO_SOUND, SILENT, FileRoom, make_noise
from lab.rig.song import Song
from lab.room import Room, has_peers, holds, is_playing
from lab.server_process import ServerProcess

pytestmark = pytest.mark.e2e
SEEN_LIMIT_MS = 1000 * WAIT_LIMIT_SEC

NOTE_RETURN = "addEventListener('pageshow', ({ persisted }) => { window.wasKept = persisted; })"
PUT_ASIDE = "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
BRING_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
# From now on a chosen file reaches the page only when `goOn()` says so: time for something to happen to it.
HOLD_CHOICE = """() => {
  const input = document.querySelector("input[type=file]");
  const hold = (event) => event.stopImmediatePropagation();
  addEventListener("change", hold, { capture: true });
  window.goOn = () => {
    removeEventListener("change", hold, { capture: true });
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
}"""
DROP = """([type, name]) => {
  const transfer = new DataTransfer();
  if (name) transfer.items.add(new File(["ID3", name, new Uint8Array(5000)], name, { type: "audio/mpeg" }));
  else transfer.setData("text/uri-list", "https://else.test/");
  const facts = { bubbles: true, cancelable: true };
  const event = new DragEvent(type, { ...facts, dataTransfer: transfer });
  if (type === "paste") Object.defineProperty(event, "clipboardData", { value: transfer });
  document.querySelector("h1").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def is_at_home(count: int, file_name: str) -> Callable[[Snapshot], bool]:
    """Joined, in step, linked to all others, with the file."""
    return lambda shot: bool(
        shot["phase"] == "joined"
        and shot["clock"]["state"] == "locked"
        and has_peers(count)(shot)
        and holds(shot, file_name)
    )


def test_back_and_forward_lead_into_the_music_again(open_room: Callable[..., Room], song: Song) -> None:
    """[G6] Chromium keeps the page whole for its back button, as it does for people and not for tests."""
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.fleet.chromium("bo", room.rig.env(1), as_people_have_it=True)
    room.let_in(bo)
    bo.page.evaluate(NOTE_RETURN)
    room.share(bo, song.path)
    room.start(ada, song.path.name)
    bo.page.goto(f"{room.base_url}/healthz")
    ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to see that bo is gone")
    bo.page.go_back(wait_until="commit")
    # Said by an event that may come after the navigation; a page that was loaded anew has no such word.
    bo.page.wait_for_function("() => window.wasKept !== undefined")
    assert bo.page.evaluate("window.wasKept")
    bo.wait_for(lambda shot: is_at_home(2, song.path.name)(shot) and is_playing(shot), "to play again")
    ada.wait_for(is_at_home(2, song.path.name), "to have bo back")
    before = bo.snapshot()["userId"]
    bo.page.go_forward(wait_until="commit")
    bo.page.go_back(wait_until="commit")
    shot = bo.wait_for(
        lambda shot: is_at_home(2, song.path.name)(shot) and is_playing(shot), "to play once more"
    )
    assert shot["userId"] == before
    assert not [line for line in bo.errors if line.startswith("uncaught")]


def test_a_page_that_firefox_kept_is_in_the_swarm_again(file_room: FileRoom, tmp_path: Path) -> None:
    """[G6] By the two events alone: here Firefox loads anew what it would keep for people."""
    [ada] = file_room.enter("ada")
    bo = file_room.fleet.firefox("bo", SILENT)
    file_room.join(bo)
    song = make_noise(tmp_path / "own.mp3", 300 * KIB)
    bo.add_file(song)
    wait_for_all([ada, bo], lambda shot: holds(shot, song.name), "to hold the file")
    bo.page.evaluate(PUT_ASIDE)
    ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to see that bo is gone")
    bo.page.evaluate(BRING_BACK)
    wait_for_all([ada, bo], is_at_home(2, song.name), "to be together again")
    bo.wait_for(lambda shot: bool(shot["files"][0]["offeredBy"]), "to be the owner as before")


@pytest.mark.long
def test_with_cookies_blocked_everything_works_from_memory(file_room: FileRoom, tmp_path: Path) -> None:
    """[G7] The browsers' own settings, under which reading `localStorage` throws, or it is null."""
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    ada = file_room.fleet.chromium("ada", SILENT, extra_args=NO_SOUND, preferences=blocked)
    bo = file_room.fleet.firefox("bo", SILENT, extra_prefs={"network.cookie.cookieBehavior": 2})
    cy = file_room.fleet.firefox("cy", SILENT, extra_prefs={"dom.storage.enabled": False})
    for device in (ada, bo, cy):
        file_room.join(device)
    assert (
        ada.page.evaluate("() => { try { return String(localStorage); } catch { return 'blocked'; } }")
        == "blocked"
    )
    song = make_noise(tmp_path / "song.mp3", 300 * KIB)
    ada.add_file(song)
    wait_for_all([ada, bo, cy], lambda shot: holds(shot, song.name), "to hold the file")
    for device in (ada, bo, cy):
        device.page.get_by_role("slider", name="Volume on this phone").fill("50")
        device.set_speaker_delay(120)
        device.leave()
        assert device.errors == [], device.name
    bo.join()
    assert bo.snapshot()["playback"]["speakerDelayMs"] == 120, "remembered while the page lives"


def test_a_fault_of_the_page_is_not_blamed_on_the_network(file_room: FileRoom) -> None:
    """[G8] And a part of the page that did not arrive is."""
    ada, bo, cy = file_room.sit_together("ada", "bo", "cy")
    ada.page.add_init_script(
        "Object.defineProperty(window, 'WebSocket',"
        "  { get() { throw new Error('broken at http://10.0.0.2/'); } })"
    )
    bo.page.route(re.compile("/assets/later-"), lambda route: route.abort())
    cy.page.add_init_script(
        "for (const part of ['serviceWorker', 'storage', 'locks'])"
        "  Object.defineProperty(Navigator.prototype, part, { get() { throw new Error('no ' + part); } });"
        "indexedDB.open = () => { throw new Error('no indexedDB'); };"
    )
    for device, words in (
        (ada, "Something went wrong on this page"),
        (bo, "Part of this page did not arrive"),
    ):
        device.open()
        device.page.get_by_role("button", name="New swarm").first.click()
        expect(device.page.get_by_text(words)).to_be_visible(timeout=SEEN_LIMIT_MS)
    failure = ada.snapshot()["failure"]
    assert "broken at" in failure
    assert "10.0.0.2" not in failure
    expect(ada.page.get_by_role("button", name="Copy diagnostics")).to_be_visible(timeout=SEEN_LIMIT_MS)
    file_room.join(cy)


def test_one_file_that_cannot_be_read_is_named_and_the_rest_is_added(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[G9] Files vanish or change between being chosen and being read."""
    [ada, bo] = file_room.enter_together("ada", "bo")
    fox = file_room.fleet.firefox("fox", SILENT)
    file_room.join(fox)
    for device, happens in ((ada, "removed"), (bo, "changed"), (fox, "removed")):
        bad = make_noise(tmp_path / f"{device.name}-bad.mp3", 20 * KIB, seed=len(happens))
        good = make_noise(tmp_path / f"{device.name}-good.mp3", 20 * KIB, seed=ord(device.name[0]))
        device.page.evaluate(HOLD_CHOICE)
        device.add_file(bad, good)
        if happens == "removed":
            bad.unlink()
        else:
            bad.write_bytes(b"something else")
        device.page.evaluate("goOn()")
        device.wait_for_seeded(good.name)
        words = device.page.get_by_role("status").get_by_text(f"“{bad.name}” could not be read")
        expect(words).to_be_visible(timeout=SEEN_LIMIT_MS)
        assert device.errors == []


def test_what_is_dropped_or_pasted_anywhere_is_added(file_room: FileRoom, tmp_path: Path) -> None:
    """[G10] By the browser's own dragging in Chromium, where a dropped file opened a tab in front before."""
    [ada] = file_room.sit_together("ada")
    ada.open()
    song = make_noise(tmp_path / "dropped.mp3", 20 * KIB)
    # A dragging hand goes on moving; a single event may meet a page that is not listening yet.
    invitation = ada.page.get_by_text("Drop songs to add them for everyone")
    for _ in range(50):
        drag_over(ada, song, "dragEnter", "dragOver")
        if invitation.is_visible():
            break
        ada.pause(200)
    expect(invitation).to_be_visible(timeout=SEEN_LIMIT_MS)
    drag_over(ada, song, "drop")
    expect(ada.page.get_by_text("Drop songs to add them for everyone")).to_be_hidden(timeout=SEEN_LIMIT_MS)
    expect(ada.page.get_by_role("status")).to_contain_text("as soon as you join", timeout=SEEN_LIMIT_MS)
    file_room.join_where_it_is(ada)
    ada.wait_for_seeded(song.name)
    album = tmp_path / "Album"
    album.mkdir()
    drag_over(ada, album, "dragEnter", "dragOver", "drop")
    # By the driver's dragging a folder looks like a file that cannot be read; by a person's like a folder.
    words = re.compile("“Album” (is a folder|could not be read)")
    expect(ada.page.get_by_role("status")).to_contain_text(words, timeout=SEEN_LIMIT_MS)
    assert len(ada.context.pages) == 1

    fox = file_room.fleet.firefox("fox", SILENT)
    file_room.join(fox)
    assert fox.page.evaluate(DROP, ["dragover", "x.mp3"])
    assert fox.page.evaluate(DROP, ["drop", "x.mp3"])
    fox.wait_for_seeded("x.mp3")
    assert fox.page.evaluate(DROP, ["paste", "y.mp3"])
    fox.wait_for_seeded("y.mp3")
    assert fox.page.evaluate(DROP, ["drop", None]), "a link leads nowhere"


def drag_over(device: Device, path: Path, *kinds: str) -> None:
    session = device.context.new_cdp_session(device.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in kinds:
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 40, "y": 40, "data": data})
    session.detach()


def test_a_hidden_page_alone_lets_a_newcomer_in_and_gives_its_song(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[G12] Hidden as people's pages are: behind another tab, with the timers a browser then leaves to it."""
    song = make_noise(tmp_path / "song.mp3", 300 * KIB)
    file_room.link = f"{file_room.base_url}/#K7QF-9TXM-2B4D"
    with HideablePage(file_room.link) as ada:
        ada.wait_for("document.querySelector('form button[type=submit]') !== null")
        ada.evaluate("document.querySelector('form button[type=submit]').click()")
        ada.wait_for("unisono.snapshot().phase === 'joined'")
        ada.wait_for("document.querySelector('input[type=file]') !== null")
        ada.add_file(song)
        ada.wait_for("unisono.snapshot().files.some(({ seeded }) => seeded)")
        ada.hide()
        [bo] = file_room.enter("bo")
        bo.wait_for(is_at_home(2, song.name), "to have the song of a hidden page")
        [director] = [peer for peer in bo.snapshot()["peers"] if not peer["isMe"]]
        assert bo.snapshot()["director"]["userId"] == director["userId"]
        assert ada.evaluate("document.visibilityState") == "hidden"


def test_a_browser_without_web_audio_gives_and_gets(file_room: FileRoom, tmp_path: Path) -> None:
    """[G11] It says that it stays silent, and nobody waits for it."""
    ada, bo = file_room.sit_together("ada", "bo")
    file_room.join(ada)
    bo.page.add_init_script("delete window.AudioContext; delete window.webkitAudioContext;")
    file_room.join(bo)
    expect(bo.page.get_by_role("status")).to_contain_text("this phone stays silent", timeout=SEEN_LIMIT_MS)
    for device in (ada, bo):
        song = make_noise(tmp_path / f"{device.name}.mp3", 100 * KIB, seed=ord(device.name[0]))
        device.add_file(song)
        wait_for_all([ada, bo], is_at_home(2, song.name), "to hold the file")
    ada.play("bo.mp3")
    bo.wait_for(lambda shot: not shot["files"][1]["decodable"], "to say that it will not play")
    assert bo.errors == []


@pytest.mark.parametrize("keeps_path", [False, True], ids=["stripped", "kept"])
def test_behind_a_path_of_a_host_everything_works(
    file_room: FileRoom, tmp_path: Path, keeps_path: bool
) -> None:
    """[O10] The page, its parts, the control channel, the invitation and the service worker."""
    server = ServerProcess(tmp_path / "server.log", ["--public-url", "https://party.example/unisono"])
    try:
        with path_proxy(tmp_path, server.port, "/unisono", keeps_path=keeps_path) as url:
            with urllib.request.urlopen(url) as answer:
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            room = FileRoom(file_room.fleet, url)
            ada, bo = room.enter_together("ada", "bo")
            assert room.link.startswith(f"{url}#")
            song = make_noise(tmp_path / "song.mp3", 100 * KIB)
            ada.add_file(song)
            wait_for_all([ada, bo], is_at_home(2, song.name), "to share the file")
            scope = bo.page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)")
            assert scope == url
            assert ada.errors + bo.errors == []
            assert "https://party.example/unisono/" in server.log_text()
    finally:
        server.stop()
