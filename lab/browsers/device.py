"""One device of a swarm, as a person uses it: by the accessible names that docs/stable-names.md promises.

Every wait is for a state, with a generous limit; a wait that fails says what the page showed. Knows no CSS of
the page, and nothing of how its browser was launched.
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Locator, Page, expect

Snapshot = dict[str, Any]

WAIT_LIMIT_SEC = 90.0  # two cores may carry several browsers
expect.set_options(timeout=WAIT_LIMIT_SEC * 1000)  # a screen may be as late as anything else
POLL_MS = 150.0  # rarer than the player's own tick, so watching does not disturb what is watched
KEPT_SNAPSHOTS = 3
KEPT_CONSOLE_LINES = 40
# The button of a file that plays it now, and not "Play next".
PLAY = re.compile("^Play (?!next: )")
LINK = re.compile(r"https?://[^\s\"'<>]+#[^\s\"'<>]+")


class Seat(Protocol):
    """What waiting for a device and giving its sound priority need, whichever driver the device hangs on."""

    name: str
    mark: str

    def pause(self, pause_ms: float) -> None: ...

    def try_snapshot(self) -> Snapshot | None: ...

    def report(self, shots: list[Snapshot]) -> str: ...


# Resolves after two frames; a page that is not drawn has none, and is not waited for longer than the timer.
DRAWN = """() => new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(resolve));
  setTimeout(resolve, 1000);
})"""


class Device:
    """A page in a browser process of its own. `errors` collects console errors and uncaught exceptions."""

    def __init__(self, name: str, context: BrowserContext, base_url: str, mark: str) -> None:
        self.name = name
        self.context = context
        self.base_url = base_url
        self.mark = mark  # found in the command line or environment of the browser's process
        self.console: list[str] = []
        self.errors: list[str] = []
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self.page.set_default_timeout(WAIT_LIMIT_SEC * 1000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._failed)

    # --- the join screen

    def open(self, link: str = "") -> None:
        """Open a link; without one, the front door."""
        self.page.goto(link or self.base_url)

    def enter_key(self, key: str) -> None:
        self.page.get_by_role("textbox", name="Swarm key").fill(key)

    def join(self) -> None:
        self.page.get_by_role("button", name=re.compile("^Join")).click()
        self.wait_for_phase("joined")

    def new_swarm(self) -> None:
        """From the front door into a swarm of one's own."""
        self.page.get_by_role("button", name="New swarm").click()
        self.wait_for_phase("joined")

    # --- the swarm screen

    def invite_link(self) -> str:
        """The link that the Invite dialog shows; the dialog is closed again."""
        self.page.get_by_role("button", name="Invite").click()
        dialog = self.page.get_by_role("dialog")
        dialog.wait_for()
        shown: str = dialog.evaluate(
            "box => [box.innerText, ...[...box.querySelectorAll('a, input, textarea')]"
            ".map(part => part.href ?? part.value)].join('\\n')"
        )
        found = LINK.search(shown)
        self.page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        if found is None:
            raise AssertionError(f"{self.name}: the Invite dialog shows no link:\n{shown}")
        return found.group()

    def add_file(self, *paths: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(list(paths))

    def file_row(self, file_name: str) -> Locator:
        files = self.page.get_by_role("list", name="Files")
        return files.get_by_role("listitem").filter(has_text=file_name)

    def play(self, file_name: str) -> None:
        """Press Play at this file, as soon as this device may."""
        self.file_row(file_name).get_by_role("button", name=PLAY).click()

    def queue(self, file_name: str, *, is_next: bool = False) -> None:
        """Put this file at the end of the queue, or behind what plays."""
        name = re.compile("^Play next: " if is_next else "^Queue ")
        self.file_row(file_name).get_by_role("button", name=name).click()

    def show(self, tab: str) -> None:
        """On a phone, what is under this tab; where there is room all is shown, and there are no tabs."""
        self.page.evaluate(DRAWN)  # a change of the window's size draws tabs, or takes them away
        tabs = self.page.get_by_role("tab", name=tab, exact=True)
        if tabs.count() > 0:
            tabs.click()

    def queue_rows(self) -> Locator:
        return self.page.get_by_role("list", name="Queue").get_by_role("listitem")

    def queue_act(self, number: int, act: str) -> None:
        """Presses `Remove`, `Move up`, `Move down` or `Boost` at an entry, counted from 0."""
        self.queue_rows().nth(number).get_by_role("button", name=re.compile(f"^{act}")).click()

    def next_song(self) -> None:
        self._button("Next").click()

    def previous_song(self) -> None:
        self._button("Previous").click()

    def set_tempo(self, per_cent: int) -> None:
        self.page.get_by_role("slider", name="Tempo").fill(str(per_cent))
        self.wait_for(lambda shot: shot["plan"]["tempo"] == per_cent / 100, f"a tempo of {per_cent} %")

    def set_enabled(self, file_name: str, *, enabled: bool) -> None:
        switch = self.file_row(file_name).get_by_role("switch", name=re.compile("^Enabled"))
        if switch.is_checked() != enabled:
            switch.click()

    def stop(self) -> None:
        self._button("Stop").click()

    def start_now(self) -> None:
        self._button("Start now").click()

    def take_over(self) -> None:
        self._button("Take over").click()

    def resign(self) -> None:
        self._button("Resign").click()

    def leave(self) -> None:
        self._button("Leave").click()
        self.wait_for_phase("left", "home")

    def set_speaker_delay(self, delay_ms: int) -> None:
        self.page.get_by_role("slider", name="Speaker delay").fill(str(delay_ms))
        self.wait_for(
            lambda shot: shot["playback"]["speakerDelayMs"] == delay_ms, f"a speaker delay of {delay_ms} ms"
        )

    def status(self) -> str:
        """The sentence that the page says about itself."""
        return self.page.get_by_role("status").inner_text()

    def reload(self) -> None:
        self.page.reload()

    def close(self) -> None:
        """Close the tab; the browser process stays until its fleet ends."""
        self.page.close()

    # --- what the page knows

    def snapshot(self) -> Snapshot:
        shot: Snapshot = self.page.evaluate("window.unisono.snapshot()")
        return shot

    def try_snapshot(self) -> Snapshot | None:
        """None while the page is loading: between two documents there is no `window.unisono`."""
        try:
            shot: Snapshot | None = self.page.evaluate("window.unisono ? window.unisono.snapshot() : null")
        except Error as error:
            # The document went away under the call (a reload); every other error is the test's business.
            if "navigation" in str(error) or "context was destroyed" in str(error):
                return None
            raise
        return shot

    def pause(self, pause_ms: float) -> None:
        """Lets time pass while the driver keeps hearing from its pages."""
        self.page.wait_for_timeout(pause_ms)

    def file(self, file_name: str) -> Snapshot | None:
        """This file as the snapshot has it, or None while it is unknown here."""
        files: list[Snapshot] = self.snapshot()["files"]
        return next((each for each in files if each["name"] == file_name), None)

    def wait_for(
        self, is_reached: Callable[[Snapshot], bool], description: str, limit_sec: float = WAIT_LIMIT_SEC
    ) -> Snapshot:
        """The first snapshot that satisfies the predicate; a description such as "bo to be the director"."""
        return wait_for_all([self], is_reached, description, limit_sec)[0]

    def wait_for_phase(self, *phases: str) -> Snapshot:
        return self.wait_for(lambda shot: shot["phase"] in phases, f"to be {' or '.join(phases)}")

    def wait_for_seeded(self, file_name: str) -> Snapshot:
        """Until this device holds all of the file."""

        def holds(shot: Snapshot) -> bool:
            return any(each["name"] == file_name and each["seeded"] for each in shot["files"])

        return self.wait_for(holds, f"to hold all of {file_name}")

    def report(self, shots: list[Snapshot]) -> str:
        """What a person needs to understand a wait that failed."""
        lines = [json.dumps(shot, indent=1) for shot in shots[-KEPT_SNAPSHOTS:]] or ["no snapshot"]
        return "\n".join(
            [
                f"--- {self.name}: last snapshots",
                *lines,
                f"--- {self.name}: console",
                *self.console[-KEPT_CONSOLE_LINES:],
            ]
        )

    def _button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def _heard(self, message: ConsoleMessage) -> None:
        line = f"{message.type}: {message.text}"
        self.console.append(line)
        if message.type == "error":
            self.errors.append(line)

    def _failed(self, error: Error) -> None:
        self.console.append(f"uncaught: {error}")
        self.errors.append(f"uncaught: {error}")


def wait_for_all(
    devices: Sequence[Seat],
    is_reached: Callable[[Snapshot], bool],
    description: str,
    limit_sec: float = WAIT_LIMIT_SEC,
) -> list[Snapshot]:
    """Until one snapshot of each device, all from the same round, satisfies the predicate."""
    give_up_at = time.monotonic() + limit_sec
    seen: dict[str, list[Snapshot]] = {device.name: [] for device in devices}
    while True:
        shots = [device.try_snapshot() for device in devices]
        for device, shot in zip(devices, shots, strict=True):
            if shot is not None:
                seen[device.name] = [*seen[device.name], shot][-KEPT_SNAPSHOTS:]
        reached = [shot for shot in shots if shot is not None and is_reached(shot)]
        if len(reached) == len(devices):
            return reached
        if time.monotonic() > give_up_at:
            names = ", ".join(device.name for device in devices)
            reports = "\n".join(device.report(seen[device.name]) for device in devices)
            raise TimeoutError(f"waited {limit_sec:g} s for {names}: {description}\n{reports}")
        devices[0].pause(POLL_MS)
