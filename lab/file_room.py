"""A room without loudspeakers, for what has to do with files alone: one server, browsers, files of noise.

A browser here opens no sound device, so a dozen fit where four with sound do.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lab.browsers.device import Device
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import processes_marked

SILENT: Mapping[str, str] = {}
NO_SOUND = ("--disable-audio-output",)
KIB = 1024
MIB = 1024 * KIB
PIECE_BYTES = 64 * KIB  # of every file up to 8 MiB

# As in a browser that hands no data channel over to a Worker: the page keeps its bulk channels, where a test
# can reach them.
KEEP_BULK_IN_PAGE = """
(() => {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, transfer) {
    if (Array.isArray(transfer) && transfer.some((each) => each instanceof RTCDataChannel))
      throw new DOMException("kept", "DataCloneError");
    return post.call(this, message, transfer);
  };
})();
"""
# As in a browser whose Workers do not take the script: all that has to do with bulk is the page's own.
NO_BULK_WORKER = """
(() => {
  const { Worker } = window;
  window.Worker = function (url, options) {
    if (String(url).includes("bulk.worker")) throw new Error("no such Worker");
    return new Worker(url, options);
  };
})();
"""


class FileRoom:
    def __init__(self, fleet: Fleet, base_url: str) -> None:
        self.fleet = fleet
        self.base_url = base_url
        self.link = ""

    def enter(self, *names: str, script: str = "") -> list[Device]:
        """Each opens a browser of its own and joins; the first one makes the swarm."""
        devices = [self.fleet.chromium(name, SILENT, extra_args=NO_SOUND) for name in names]
        for device in devices:
            if script:
                device.page.add_init_script(script)
            self.join(device)
        return devices

    def sit_together(self, *names: str, phones: Sequence[str] = ()) -> list[Device]:
        """Pages of one browser, each in a profile of its own, with nothing open yet: cheaper where none of
        them is to be killed."""
        return self.fleet.chromium_together(names, SILENT, phones=phones, extra_args=NO_SOUND)

    def enter_together(self, *names: str) -> list[Device]:
        devices = self.sit_together(*names)
        for device in devices:
            self.join(device)
        return devices

    def join(self, device: Device) -> None:
        device.open(self.link or self.base_url)
        self.join_where_it_is(device)

    def join_where_it_is(self, device: Device) -> None:
        """The join screen is open already."""
        if self.link:
            device.join()
        else:
            device.new_swarm()
            self.link = device.invite_link()


def make_noise(path: Path, size_bytes: int, seed: int = 1) -> Path:
    """Bytes that nothing compresses, behind the first letters of an MP3; not one of them can be played."""
    noise = np.random.default_rng(seed).integers(0, 256, size_bytes - 3, dtype=np.uint8)
    path.write_bytes(b"ID3" + noise.tobytes())
    return path


def make_tune(
    path: Path,
    duration_sec: int = 60,
    *,
    cover: str = "testsrc=size=64x64:rate=1:duration=1",
    sound: str = "sine=frequency=330",
    title: str = "Glass Harbour",
) -> Path:
    """A real MP3 that knows its title and has a cover, made in a moment."""
    inputs = [f"{sound},atrim=duration={duration_sec}", cover]
    tags = [f"title={title}", "artist=Ada Lark", "album=Night Lines"]
    picture = ["-map", "0:a", "-map", "1:v", "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v"]
    command = ["ffmpeg", "-loglevel", "error"]
    command += [part for each in inputs for part in ("-f", "lavfi", "-i", each)]
    command += [*picture, "attached_pic", *(part for tag in tags for part in ("-metadata", tag)), str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def give_little(device: Device) -> None:
    """64 KB/s from now on: what is to be seen half-way takes long enough for that."""
    _give(device, is_little=True)


def give_as_usual(device: Device) -> None:
    """After `give_little`: what was to be seen has been."""
    _give(device, is_little=False)


def _give(device: Device, *, is_little: bool) -> None:
    device.page.get_by_role("switch", name="Give little", exact=True).click()
    words = "to give little" if is_little else "to give as usual"
    device.wait_for(lambda shot: shot["transfer"]["isGivingLittle"] == is_little, words)


def kill_browser(device: Device) -> None:
    """The whole browser at once: no goodbye, no closing of anything."""
    for pid in processes_marked(device.mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
