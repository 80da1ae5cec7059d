"""The player as people expect it: pause, go on, seek, volume, the song's own title, and another language."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.rig.song import Song
from lab.room import Room, has_peers, is_playing, position_sec

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

FAR_SEC = 20
NOTE_WHAT_THE_SYSTEM_IS_TOLD = """
window.told = [];
const { get, set } = Object.getOwnPropertyDescriptor(MediaSession.prototype, "metadata");
Object.defineProperty(MediaSession.prototype, "metadata", {
  get,
  set(song) {
    if (song) window.told.push(window.unisono.snapshot().playback);
    set.call(this, song);
  },
});
"""
# The service worker has fetched the page with all its parts, and answers from now on.
CACHE_IS_FULL = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  return active.state === "activated" && (await caches.match("/")) !== undefined;
}"""


def test_a_director_pauses_seeks_and_goes_on(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """[TR1] [TR3] [TR4] Both follow; the song shows its own title and cover; the page turns to Arabic."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    tagged = tagged_song(song, tmp_path)
    room.share(ada, tagged)
    room.start(ada, tagged.name)
    for device in (ada, bo):
        now = device.page.get_by_role("region", name="Now playing")
        expect(now.get_by_text("Glass Harbour", exact=True)).to_be_visible()
        expect(now.get_by_text("Ada Lark · Night Lines")).to_be_visible()
        cover = now.locator("img")
        expect(cover).to_have_js_property("naturalWidth", 64)
    expect(bo.page.get_by_role("slider", name="Position in the song")).to_be_disabled()
    glows_with_the_music(bo)

    ada.page.get_by_role("button", name="Pause", exact=True).click()
    wait_for_all([ada, bo], is_paused, "to pause")
    kept_us = ada.snapshot()["plan"]["positionUs"]
    assert kept_us > 0
    assert bo.snapshot()["plan"]["positionUs"] == kept_us
    expect(bo.page.get_by_role("status")).to_contain_text("is paused")
    slider = ada.page.get_by_role("slider", name="Position in the song")
    slider.fill(str(FAR_SEC))
    wait_for_all([ada, bo], lambda shot: shot["plan"]["positionUs"] == FAR_SEC * 1_000_000, "to seek")
    slider.press("ArrowRight")
    wait_for_all([ada, bo], lambda shot: shot["plan"]["positionUs"] == (FAR_SEC + 5) * 1_000_000, "to step")

    ada.page.get_by_role("button", name="Play", exact=True).click()
    wait_for_all([ada, bo], is_past(FAR_SEC + 5), "to go on from there")
    ada.page.get_by_role("button", name="Back 10 seconds").click()
    wait_for_all([ada, bo], is_before(FAR_SEC + 5), "to step back")
    ada.page.locator("h1").first.click()
    ada.page.keyboard.press("Space")
    wait_for_all([ada, bo], is_paused, "to pause by the space bar")

    bo.page.get_by_role("slider", name="Volume on this phone").fill("40")
    expect(bo.page.get_by_text("40%", exact=True)).to_be_visible()
    bo.page.get_by_role("combobox", name="Language").select_option("ar")
    expect(bo.page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)
    expect(bo.page.get_by_role("list", name="الأشخاص").get_by_role("listitem")).to_have_count(2)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert bo.page.evaluate(width) == 0
    bo.reload()
    expect(bo.page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)
    expect(bo.page.get_by_role("button", name=re.compile("^انضمام"))).to_be_visible()
    assert (ada.errors, bo.errors) == ([], [])

    bo.page.wait_for_function(CACHE_IS_FULL)
    bo.context.set_offline(True)
    bo.reload()
    expect(bo.page.get_by_role("button", name=re.compile("^انضمام"))).to_be_visible()


def test_the_system_is_told_of_a_song_when_it_has_played_for_a_second(
    open_room: Callable[..., Room], song: Song
) -> None:
    """[P97] What that costs the browser would otherwise take the processor from the first note."""
    room = open_room(1)
    ada = room.sit("ada")
    ada.page.add_init_script(NOTE_WHAT_THE_SYSTEM_IS_TOLD)
    room.let_in(ada)
    room.share(ada, song.path)
    room.start(ada, song.path.name)
    ada.page.wait_for_function("() => window.told.length > 0")
    first = ada.page.evaluate("told[0]")
    assert first["state"] == "playing"
    assert first["positionSec"] > 0.9
    ada.stop()
    ada.page.wait_for_function("() => navigator.mediaSession.playbackState !== 'playing'")

    # Who leaves while it starts again is not left with its name on the lock screen.
    room.start(ada, song.path.name)
    ada.page.wait_for_function("() => navigator.mediaSession.metadata !== null")
    ada.page.get_by_role("button", name="Pause", exact=True).click()
    ada.wait_for(is_paused, "to pause")
    ada.page.get_by_role("button", name="Play", exact=True).click()
    ada.wait_for(is_playing, "to go on")
    ada.leave()
    ada.page.wait_for_function("() => navigator.mediaSession.metadata === null")
    assert ada.errors == []


def is_paused(shot: Snapshot) -> bool:
    plan = shot["plan"]
    return bool(plan["state"] == "stopped" and plan["fileId"] and shot["playback"]["state"] == "idle")


def is_past(second: float) -> Callable[[Snapshot], bool]:
    return lambda shot: is_playing(shot) and position_sec(shot) > second


def is_before(second: float) -> Callable[[Snapshot], bool]:
    return lambda shot: is_playing(shot) and 0 < position_sec(shot) < second


def glows_with_the_music(device: Device) -> None:
    """[X5] Off by itself; on, the rim of the screen is as bright as the song is loud."""
    glow = device.page.get_by_role("button", name="Glow with the music")
    expect(device.page.locator(".glow")).to_have_count(0)
    glow.click()
    device.page.wait_for_function("() => Number(document.querySelector('.glow').style.opacity) > 0.2")
    glow.click()
    expect(device.page.locator(".glow")).to_have_count(0)


def tagged_song(song: Song, folder: Path) -> Path:
    """The song as an MP3 that knows its title and has a cover, written by ffmpeg."""
    path = folder / "tagged.mp3"
    cover = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=1:duration=1"]
    tags = ["title=Glass Harbour", "artist=Ada Lark", "album=Night Lines"]
    named = [part for tag in tags for part in ("-metadata", tag)]
    picture = [
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-frames:v",
        "1",
        "-c:v",
        "mjpeg",
        "-disposition:v",
        "attached_pic",
    ]
    command = ["ffmpeg", "-loglevel", "error", "-i", str(song.path), *cover, *picture, *named, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path
