"""One real browser process per device, each on its own loudspeaker, in one of the two conditions of the bench.

`quiet`: sound threads have realtime priority, as real systems give it, and nothing is painted for its own sake.
`harsh`: the browser's defaults at 1280x720, painted in software, without priority: what a cheap phone feels like.
Playwright's synchronous API belongs to one thread: a fleet of any size is driven from the thread that opened it.
"""

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from playwright.sync_api import BrowserContext, Playwright, ViewportSize, sync_playwright

from tests.browsers.device import Device
from tests.browsers.process_tree import give_realtime_priority, processes_marked, threads_named

Condition = Literal["quiet", "harsh"]

CHROMIUM_PATH = "/usr/bin/chromium"
FIREFOX_PATH = "/usr/bin/firefox-esr"
QUIET_VIEWPORT: ViewportSize = {"width": 400, "height": 300}
HARSH_VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
PHONES = {"android": "Pixel 7", "iphone": "iPhone 14"}  # Playwright's own device descriptors
# Chromium: the renderer's and the audio service's threads, and libpulse's loop. Firefox: cubeb's and its server's.
AUDIO_THREADS = ("AudioOutputDevi", "AudioThread", "AudioServer", "threaded-ml", "NativeAudioCall", "cubeb")
PRIORITY_LIMIT_SEC = 30.0
POLL_MS = 100.0

CHROMIUM_ARGS = (
    "--no-sandbox",  # tests run as root in containers
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
)
FIREFOX_PREFS: dict[str, str | float | bool] = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.loopback": True,  # peers on one host reach each other over 127.0.0.1
    "media.cubeb.backend": "pulse-rust",
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


class Fleet:
    """A context manager that opens browsers and ends all of them, also after a failure."""

    _marks = itertools.count(1)

    def __init__(self, base_url: str = "", *, condition: Condition = "quiet") -> None:
        self.base_url = base_url
        self.condition = condition
        self.devices: list[Device] = []
        self._manager = sync_playwright()
        self._playwright: Playwright | None = None
        self._contexts: list[BrowserContext] = []
        self._profiles: list[Path] = []

    def __enter__(self) -> Self:
        self._playwright = self._manager.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def chromium(
        self,
        name: str,
        env: Mapping[str, str],
        *,
        phone: Literal["android", "iphone"] | None = None,
        show_local_ips: bool = True,
        extra_args: tuple[str, ...] = (),
    ) -> Device:
        """A Chromium of its own for this device.

        `show_local_ips`: WebRTC candidates carry addresses instead of mDNS names, which containers cannot resolve.
        """
        mark, profile = self._mark()
        args = [*CHROMIUM_ARGS, f"--unisono-device={mark}", *extra_args]
        if show_local_ips:
            args.append("--disable-features=WebRtcHideLocalIpsWithMdns")
        if self.condition == "quiet":
            args.append("--disable-gpu")
        look = self._look(phone)
        context = self._api.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM_PATH,
            headless=True,
            args=args,
            ignore_default_args=["--mute-audio"],
            env=self._env(env, mark),
            **look,
        )
        return self._device(name, context, mark)

    def firefox(self, name: str, env: Mapping[str, str]) -> Device:
        """A Firefox ESR of its own for this device, driven over WebDriver BiDi."""
        mark, profile = self._mark()
        viewport = QUIET_VIEWPORT if self.condition == "quiet" else HARSH_VIEWPORT
        context = self._api.firefox.launch_persistent_context(
            profile,
            channel="moz-firefox",
            executable_path=FIREFOX_PATH,
            headless=True,
            firefox_user_prefs=FIREFOX_PREFS,
            env=self._env(env, mark),
            viewport=viewport,
        )
        return self._device(name, context, mark)

    def give_sound_priority(self, devices: list[Device] | None = None) -> dict[str, list[str]]:
        """Quiet condition: SCHED_RR for the sound threads of these devices, once their sound runs. Name -> threads.

        Threads begin with the sound, so this waits for them. In the harsh condition it does nothing, by definition.
        """
        if self.condition == "harsh":
            return {}
        return {device.name: self._raise_one(device) for device in devices or self.devices}

    def close(self) -> None:
        """End every browser of this fleet. Idempotent."""
        contexts, self._contexts = self._contexts, []
        try:
            for context in contexts:
                context.close()
        finally:
            if self._playwright is not None:
                self._playwright.stop()
                self._playwright = None
            for profile in self._profiles:
                shutil.rmtree(profile, ignore_errors=True)

    def _raise_one(self, device: Device) -> list[str]:
        give_up_at = time.monotonic() + PRIORITY_LIMIT_SEC
        while not (threads := threads_named(processes_marked(device.mark), AUDIO_THREADS)):
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{device.name} has no sound thread: is its AudioContext running?")
            device.page.wait_for_timeout(POLL_MS)
        return give_realtime_priority(threads)

    @property
    def _api(self) -> Playwright:
        if self._playwright is None:
            raise RuntimeError("the fleet is not open: use it as a context manager")
        return self._playwright

    def _mark(self) -> tuple[str, Path]:
        mark = f"unisono-fleet-{os.getpid()}-{next(Fleet._marks)}."
        profile = Path(tempfile.mkdtemp(prefix="unisono-profile-"))
        self._profiles.append(profile)
        return mark, profile

    def _look(self, phone: str | None) -> dict[str, object]:
        if phone is None:
            return {"viewport": QUIET_VIEWPORT if self.condition == "quiet" else HARSH_VIEWPORT}
        look = dict(self._api.devices[PHONES[phone]])
        look.pop("default_browser_type", None)
        return look

    def _env(self, env: Mapping[str, str], mark: str) -> dict[str, str | float | bool]:
        return {**os.environ, **env, "UNISONO_DEVICE_MARK": mark}

    def _device(self, name: str, context: BrowserContext, mark: str) -> Device:
        self._contexts.append(context)
        device = Device(name, context, self.base_url, mark)
        self.devices.append(device)
        return device
