"""One real browser process per device, each on its own loudspeaker, in one of the bench's two conditions.

`quiet`: sound threads have realtime priority, as real systems give it, and nothing is painted for its own
sake. `harsh`: the browser's defaults at 1280x720, painted in software, without priority: what a cheap phone
feels like. Playwright's synchronous API belongs to one thread: a fleet of any size is driven from the thread
that opened it.
"""

import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, sync_playwright

from lab.browsers.device import Device, Seat
from lab.browsers.process_tree import give_realtime_priority, processes_marked, threads_named

Condition = Literal["quiet", "harsh"]

CHROMIUM_PATH = "/usr/bin/chromium"
FIREFOX_PATH = "/usr/bin/firefox-esr"
QUIET_VIEWPORT: ViewportSize = {"width": 840, "height": 300}  # just wide enough to show all at once
HARSH_VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
PHONES = {"android": "Pixel 7", "iphone": "iPhone 14"}  # Playwright's own device descriptors
# Seen in /proc with sound running (Chromium 156, Firefox 153 ESR, WebKitGTK 2.50): the thread that computes
# the sound, and what hands it on to PulseAudio: libpulse's loop; in Firefox both ends of its audio server.
RENDER_THREADS = ("AudioOutputDevi", "AudioIP~allback", "webaudioSrc")
AUDIO_THREADS = (*RENDER_THREADS, "threaded-ml", "AudioIP~ver", "AudioIP~ent")
PRIORITY_LIMIT_SEC = 30.0
POLL_MS = 100.0

CHROMIUM_ARGS = (
    "--no-sandbox",  # tests run as root in containers
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
)
# What Playwright adds for steady tests, and people do not have: pages are never kept for the back button, and
# hidden ones are never slowed down.
STEADYING_ARGS = (
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)
FIREFOX_PREFS: dict[str, str | float | bool] = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.loopback": True,  # peers on one host reach each other over 127.0.0.1
    "media.cubeb.backend": "pulse-rust",
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


class _Driver:
    """The one Playwright of this process: a second in the same thread is refused, so open fleets share it."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._users = 0

    def acquire(self) -> Playwright:
        if self._playwright is None:
            self._playwright = sync_playwright().start()
        self._users += 1
        return self._playwright

    def release(self) -> None:
        self._users -= 1
        if self._users == 0 and self._playwright is not None:
            playwright, self._playwright = self._playwright, None
            playwright.stop()


_driver = _Driver()


class Fleet:
    """A context manager that opens browsers and ends all of them, also after a failure.

    Several may be open at once. While one is, its thread counts as inside an event loop: asynchronous tests
    must not run in between.
    """

    _marks = itertools.count(1)

    def __init__(self, base_url: str = "", *, condition: Condition = "quiet") -> None:
        self.base_url = base_url
        self.condition = condition
        self.devices: list[Device] = []
        self._playwright: Playwright | None = None
        self._contexts: list[BrowserContext] = []
        self._browsers: list[Browser] = []
        self._profiles: list[Path] = []

    def __enter__(self) -> Self:
        self._playwright = _driver.acquire()
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
        as_people_have_it: bool = False,
        preferences: Mapping[str, Any] | None = None,
    ) -> Device:
        """A Chromium of its own for this device.

        `show_local_ips`: WebRTC candidates carry addresses instead of mDNS names, which containers cannot
        resolve. `as_people_have_it`: without `STEADYING_ARGS`. `preferences`: of the profile, as its settings
        pages would write them.
        """
        mark = self._mark()
        profile = Path(tempfile.mkdtemp(prefix="unisono-profile-"))
        if preferences is not None:
            (profile / "Default").mkdir()
            (profile / "Default" / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
        self._profiles.append(profile)
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
            ignore_default_args=["--mute-audio", *(STEADYING_ARGS if as_people_have_it else ())],
            env=self._env(env, mark),
            **look,
        )
        return self._device(name, context, mark)

    def chromium_together(
        self,
        names: Sequence[str],
        env: Mapping[str, str],
        *,
        phones: Sequence[str] = (),
        extra_args: Sequence[str] = (),
    ) -> list[Device]:
        """One Chromium for all of them, each in a context of its own; `phones` have a touchscreen."""
        mark = self._mark()
        browser = self._api.chromium.launch(
            executable_path=CHROMIUM_PATH,
            headless=True,
            args=[
                *(*CHROMIUM_ARGS, f"--unisono-device={mark}", "--disable-gpu", *extra_args),
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ],
            ignore_default_args=["--mute-audio"],
            env=self._env(env, mark),
        )
        self._browsers.append(browser)
        return [
            self._device(name, browser.new_context(**self._look("android" if name in phones else None)), mark)
            for name in names
        ]

    def firefox(
        self,
        name: str,
        env: Mapping[str, str],
        *,
        extra_prefs: Mapping[str, str | float | bool] | None = None,
    ) -> Device:
        """A Firefox ESR of its own for this device, driven over WebDriver BiDi."""
        mark = self._mark()
        # Not launch_persistent_context as for Chromium: over BiDi it never returns (Playwright 1.58.0,
        # Firefox 153 ESR).
        browser = self._api.firefox.launch(
            channel="moz-firefox",
            executable_path=FIREFOX_PATH,
            headless=True,
            firefox_user_prefs={**FIREFOX_PREFS, **(extra_prefs or {})},
            env=self._env(env, mark),
        )
        self._browsers.append(browser)
        viewport = QUIET_VIEWPORT if self.condition == "quiet" else HARSH_VIEWPORT
        return self._device(name, browser.new_context(viewport=viewport), mark)

    def give_sound_priority(self, devices: Sequence[Seat] | None = None) -> dict[str, list[str]]:
        """Quiet condition: SCHED_RR for the sound threads of these devices. Returns name -> threads.

        Threads begin with the sound, so this waits for them; a new AudioContext has new ones, so call it
        again then. In the harsh condition it does nothing, by definition.
        """
        if self.condition == "harsh":
            return {}
        return {device.name: self._raise_one(device) for device in devices or self.devices}

    def close(self) -> None:
        """End every browser of this fleet. Idempotent."""
        opened: list[Browser | BrowserContext] = [*self._contexts, *self._browsers]
        self._contexts, self._browsers = [], []
        try:
            for each in opened:
                each.close()
        finally:
            if self._playwright is not None:
                self._playwright = None
                _driver.release()
            for profile in self._profiles:
                shutil.rmtree(profile, ignore_errors=True)

    def _raise_one(self, device: Seat) -> list[str]:
        give_up_at = time.monotonic() + PRIORITY_LIMIT_SEC
        while True:
            threads = threads_named(processes_marked(device.mark), AUDIO_THREADS)
            # The others are there before the sound: waiting for them would miss the one that matters.
            if any(name.startswith(RENDER_THREADS) for name in threads.values()):
                return give_realtime_priority(threads)
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{device.name} has no sound thread: is its AudioContext running?")
            device.pause(POLL_MS)

    @property
    def _api(self) -> Playwright:
        if self._playwright is None:
            raise RuntimeError("the fleet is not open: use it as a context manager")
        return self._playwright

    def _mark(self) -> str:
        # The full stop ends the number: device 1 is not found in device 12's mark.
        return f"unisono-fleet-{os.getpid()}-{next(Fleet._marks)}."

    def _look(self, phone: str | None) -> dict[str, Any]:
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
