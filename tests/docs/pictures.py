"""Takes the user guide's pictures, into docs/images, with the real app: `python -m tests.docs.pictures`.

Three browsers in one swarm, two of them phones, behind a server that they know as https://party.example.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

from lab.browsers.device import Device, wait_for_all
from lab.browsers.launch import Fleet
from lab.rig.pulse import SpeakerRig
from lab.rig.song import make_song
from lab.room import Room, has_peers
from lab.server_process import ROOMY, ServerProcess
from tests.docs.pages import ROOT

IMAGES = ROOT / "docs" / "images"
HOST = "party.example"
SONG_SEC = 185.0
INTO_THE_SONG_MS = 41_000.0
NOTICE_MS = 8000.0  # until whoever joined is no longer news
COLOURS = 64
COMPUTER: ViewportSize = {"width": 1280, "height": 860}


def main() -> None:
    argparse.ArgumentParser(prog="tests.docs.pictures", description="The user guide's pictures.").parse_args()
    with tempfile.TemporaryDirectory(prefix="unisono-pictures-") as name:
        folder = Path(name)
        server = ServerProcess(folder / "server.log", [*ROOMY, *certificate(folder)])
        try:
            with SpeakerRig(3) as rig, Fleet(f"https://{HOST}") as fleet:
                take(Room(fleet, rig, fleet.base_url), server, folder)
        finally:
            server.stop()


def take(room: Room, server: ServerProcess, folder: Path) -> None:
    song = make_song(folder, duration_sec=SONG_SEC)
    arguments = (f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{server.port}", "--ignore-certificate-errors")
    ada = room.fleet.chromium("ada", room.rig.env(0), phone="android", extra_args=arguments)
    bo = room.fleet.chromium("bo", room.rig.env(1), phone="android", extra_args=arguments)
    cy = room.fleet.chromium("cy", room.rig.env(2), extra_args=arguments)
    cy.page.set_viewport_size(COMPUTER)

    room.let_in(ada)
    bo.open(room.link)
    bo.page.get_by_role("button", name="Join with sound").wait_for()
    shoot(bo, "phone-join")
    bo.join()
    room.let_in(cy)
    for device, its_name in ((ada, "Ada"), (bo, "Bo"), (cy, "Cy")):
        device.page.get_by_role("button", name="I heard it").click()
        device.show("People")
        device.page.get_by_role("button", name="Change name").click()
        device.page.get_by_role("textbox", name="Your name").fill(its_name)
        device.page.get_by_role("button", name="Save").click()
        device.show("Music")
    wait_for_all(room.devices, has_peers(3), "to see and reach both others")

    ada.page.wait_for_timeout(NOTICE_MS)
    dismiss(ada)
    ada.page.get_by_role("button", name="Invite").click()
    ada.page.get_by_role("img", name="QR code").wait_for()
    shoot(ada, "phone-invite")
    ada.page.keyboard.press("Escape")

    room.share(ada, song.path)
    room.start(ada, song.path.name)
    ada.page.wait_for_timeout(INTO_THE_SONG_MS)
    for device in room.devices:
        dismiss(device)
    shoot(ada, "phone-playing")
    shoot(cy, "swarm")
    ada.show("This phone")
    ada.set_speaker_delay(180)
    size = ada.page.viewport_size
    tall = ada.page.evaluate("document.documentElement.scrollHeight")
    if size is not None:  # the player at the foot would lie over the section
        ada.page.set_viewport_size({"width": size["width"], "height": tall})
    path = IMAGES / "phone-speaker.png"
    ada.page.get_by_role("region", name="This speaker").screenshot(path=path, scale="css")
    make_small(path)


def dismiss(device: Device) -> None:
    """A notice that covers what is to be seen."""
    button = device.page.get_by_role("button", name="Dismiss")
    if button.is_visible():
        button.click()


def shoot(device: Device, name: str) -> None:
    """The top of the page."""
    device.page.evaluate("scrollTo(0, 0)")
    path = IMAGES / f"{name}.png"
    device.page.screenshot(path=path, scale="css")
    make_small(path)


def make_small(path: Path) -> None:
    """A page of few colours needs a palette of few."""
    picture = Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def certificate(folder: Path) -> list[str]:
    """Options for a server that speaks https with a certificate of its own."""
    key, chain = folder / "key.pem", folder / "chain.pem"
    make = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]  # Chromium takes no Ed25519
    subprocess.run([*make, *curve, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return ["--tls-cert", str(chain), "--tls-key", str(key)]


if __name__ == "__main__":
    main()
