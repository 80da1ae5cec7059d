"""Takes the pictures of docs/gallery.md from the real app: `python scripts/gallery.py`.

A server, three pages that join one swarm, and every screen a person meets, on a phone and at a desk, light
and dark. Pictures are small: a page of few colours needs a palette of few. Writes docs/images/gallery/*.png
and docs/gallery.md.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the fleet of browsers is shared with the tests

from lab.browsers.device import Device, wait_for_all  # noqa: E402 # after the path is set
from lab.browsers.launch import Fleet  # noqa: E402
from lab.file_room import NO_SOUND, SILENT, give_little, make_tune  # noqa: E402
from lab.room import has_peers, holds, is_playing  # noqa: E402
from lab.server_process import ServerProcess  # noqa: E402
from tests.e2e.screens import speak  # noqa: E402

FOLDER = ROOT / "docs/images/gallery"
PORT = 18_000  # a port of its own: it is in the pictures of links and codes
KEY = "K7QF-9TXM-2B4D"
COLOURS = 64
COVER = "gradients=s=300x300:c0=0x7a4e00:c1=0x121716:x0=0:y0=0:x1=300:y1=300:d=1"
# Something to line up by, which a tone is not, and with loud and quiet parts.
SWELL = "0.25+0.1*sin(t/3)+0.12*sin(t/11)*sin(t/1.7)"
SOUND = f"anoisesrc=color=pink:seed=7,volume=volume='{SWELL}':eval=frame"
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "desk": {"width": 1280, "height": 800},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    shown: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="unisono-gallery-") as folder:
        server = ServerProcess(Path(folder) / "server.log", ("--port", str(PORT)))
        try:
            with Fleet(server.url) as fleet:
                everyone = fleet.chromium_together(("Ada", "Bo", "Cy"), SILENT, extra_args=NO_SOUND)
                for number, (name, words) in enumerate(walk(everyone, Path(folder)), start=1):
                    stem = f"{number:02}-{name}"
                    shoot(everyone[0].page, stem)
                    shown.append((stem, words))
        finally:
            server.stop()
    (ROOT / "docs/gallery.md").write_text(as_markdown(shown), encoding="utf-8")


def walk(everyone: list[Device], folder: Path) -> Iterator[tuple[str, str]]:
    """Every screen in turn; yields its short name and what it is, while Ada's page shows it."""
    yield from before_the_others(everyone[0])
    yield from with_the_others(everyone, folder)


def before_the_others(ada: Device) -> Iterator[tuple[str, str]]:
    page = ada.page
    ada.open()
    yield "front-door", "Without a link"
    page.evaluate("(key) => { location.hash = key; }", KEY)
    expect(page.get_by_role("button", name="Join with sound")).to_be_visible()
    yield "invitation", "With a link: one tap, and this phone plays along"
    ada.join()
    rename(ada)
    yield "first-here", "The first one here, asked whether the chime was heard"
    page.get_by_role("button", name="I heard nothing").click()
    yield "nothing-heard", "What may keep a phone silent"
    page.get_by_role("button", name="I heard it").click()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    yield "invite", "Code, link and key"
    page.keyboard.press("Escape")


def with_the_others(everyone: list[Device], folder: Path) -> Iterator[tuple[str, str]]:
    ada, bo, cy = everyone
    page = ada.page
    for device in (bo, cy):
        device.open(f"{ada.base_url}/#{KEY}")
        device.join()
        rename(device)
    wait_for_all(everyone, has_peers(3), "to be linked")
    ada.show("Music")
    tune = make_tune(folder / "Glass Harbour.mp3", 185, cover=COVER, sound=SOUND)
    small = make_tune(folder / "Slow Tide.mp3", 10, cover=COVER, sound=SOUND, title="Slow Tide")
    bo.add_file(small)
    wait_for_all(everyone, lambda shot: holds(shot, small.name), "to hold the first file")
    for device in (bo, cy):
        give_little(device)  # so that the next one is met on its way
    bo.add_file(tune)
    ada.wait_for(lambda shot: any(is_half_way(each) for each in shot["files"]), "to be half-way")
    ada.play(tune.name)
    yield "on-its-way", "A song on its way"
    wait_for_all(everyone, lambda shot: holds(shot, tune.name), "to hold the song")
    wait_for_all(everyone, is_playing, "to play")
    page.wait_for_timeout(8_000)  # something to see in the plots
    yield "playing", "Playing, as the one who runs the music has it"
    ada.show("People")
    yield "people", "Who is here, and how well in step"
    spread_the_room(everyone)
    yield "roles", "The room as an instrument: who plays what"
    ada.show("This phone")
    page.get_by_text("Details", exact=True).click()
    yield "details", "This phone, with Details open"
    page.get_by_text("Details", exact=True).click()
    ada.show("Music")
    speak(page, "ar")
    yield "arabic", "From right to left"
    speak(page, "en")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("is paused")
    yield "paused", "Paused"
    ada.show("People")
    ada.resign()
    page.get_by_role("button", name="Take over").wait_for()
    ada.show("Music")
    yield "following", "Another one runs the music"
    notes = folder / "notes.pdf"
    notes.write_bytes(b"%PDF-1.7 of no use to anyone")
    ada.add_file(notes)
    expect(page.get_by_role("status")).to_contain_text(notes.name)
    yield "refused", "A file that is no music"
    page.get_by_role("button", name="Dismiss").click()
    ada.leave()
    yield "left", "After leaving"


def spread_the_room(everyone: list[Device]) -> None:
    page = everyone[0].page
    page.get_by_role("button", name="Spread the room").click()
    for device in everyone[1:]:
        device.page.get_by_role("button", name="Allow").click()
        device.wait_for(lambda shot: bool(shot["playback"]["role"] != "all"), "to play its part")
    expect(page.get_by_role("img", name="Who plays what")).to_contain_text("Low")


def rename(device: Device) -> None:
    page = device.page
    device.show("People")
    page.get_by_role("button", name="Change name").click()
    page.get_by_role("textbox", name="Your name").fill(device.name)
    page.get_by_role("button", name="Save").click()
    device.wait_for(lambda shot: bool(shot["name"] == device.name), "to have its name")


def is_half_way(file: dict[str, int]) -> bool:
    return 0.3 * file["sizeBytes"] < file["heldBytes"] < 0.9 * file["sizeBytes"]


def shoot(page: Page, stem: str) -> None:
    """Whole pages, the player at their foot, and the dialog as it lies over one."""
    is_dialog = page.get_by_role("dialog").is_visible()
    for size_name, size in SIZES.items():
        page.set_viewport_size(size)
        tall = page.evaluate("document.documentElement.scrollHeight")
        page.evaluate("scrollTo(0, 0)")
        if not is_dialog:
            page.set_viewport_size({"width": size["width"], "height": tall})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            shot = Image.open(io.BytesIO(page.screenshot()))
            small = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{stem}-{size_name}-{scheme}.png", optimize=True)
    page.set_viewport_size(SIZES["phone"])
    page.emulate_media(color_scheme="light")


def as_markdown(shown: list[tuple[str, str]]) -> str:
    lines = [
        "# Every screen",
        "",
        "From the real app, by `python scripts/gallery.py`: a phone and a desk, light and dark. Whole pages,",
        "so the tall ones scroll. What each must be for everyone: [experience.md](experience.md).",
    ]
    for stem, words in shown:
        lines += ["", f"## {words}", ""]
        for size_name, width in (("phone", 190), ("desk", 560)):
            pictures = [
                f'<img src="images/gallery/{stem}-{size_name}-{scheme}.png" width="{width}" '
                f'alt="{words}: {size_name}, {scheme}">'
                for scheme in SCHEMES
            ]
            lines += [*pictures, ""] if size_name == "phone" else pictures
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
