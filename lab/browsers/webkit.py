"""WebKitGTK as one more device of a swarm: its MiniBrowser, driven by WebKitWebDriver through Selenium.

The same words as lab/browsers/device.py, as far as a peer needs them that holds its own copy of the file:
Debian's build has no RTCPeerConnection. It needs a screen, so each device brings an Xvfb of its own.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement

from lab.browsers.device import LINK, WAIT_LIMIT_SEC, Snapshot, wait_for_all
from lab.ports import free_port, wait_for_port

BROWSER_PATH = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))), Path("MiniBrowser"))
STOP_LIMIT_SEC = 15.0
POLL_SEC = 0.05
SCREEN = "800x600x24"
_REMEMBER_MEDIA = """
  const Real = window.Audio;
  window.mediaElements = [];
  window.Audio = function (url) {
    const element = new Real(url);
    window.mediaElements.push(element);
    return element;
  };
"""


class WebKitDevice:
    """A context manager: screen, driver and browser run inside it. `errors` collects uncaught exceptions."""

    _marks = count(1)

    def __init__(self, name: str, env: Mapping[str, str], base_url: str) -> None:
        self.name = name
        self.base_url = base_url
        self.mark = f"unisono-webkit-{os.getpid()}-{next(WebKitDevice._marks)}."
        self._env = {**os.environ, **env, "UNISONO_DEVICE_MARK": self.mark}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="unisono-webkit-"))
        self._log: BinaryIO | None = None
        self._browser: webdriver.Remote | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what a person does

    def open(self, link: str = "") -> None:
        self.browser.get(link or self.base_url)
        self.browser.execute_script(_REMEMBER_MEDIA)

    def join(self) -> None:
        self._button("Join").click()
        self.wait_for_joined()

    def new_swarm(self) -> None:
        self._button("New swarm").click()
        self.wait_for_joined()

    def invite_link(self) -> str:
        """The link that the Invite dialog shows; the dialog stays open."""
        self._button("Invite").click()
        shown = str(self.evaluate("document.querySelector('dialog').innerText"))
        found = LINK.search(shown)
        if found is None:
            raise AssertionError(f"{self.name}: the Invite dialog shows no link:\n{shown}")
        return found.group()

    def add_file(self, *paths: Path) -> None:
        field = self.browser.find_element(By.CSS_SELECTOR, "input[type=file]")
        field.send_keys("\n".join(str(path) for path in paths))

    # --- what the page knows

    def evaluate(self, expression: str) -> object:
        return self.browser.execute_script(f"return {expression}")

    def ask(self, function: str, argument: object) -> dict[str, Any]:
        """The answer of an asynchronous JavaScript function, as Playwright's `evaluate` gives it."""
        answer: dict[str, Any] = self.browser.execute_async_script(
            f"const [given, done] = arguments;"
            f"({function})(given).then(done, (error) => done({{error: String(error)}}));",
            argument,
        )
        return answer

    def media_played_sec(self) -> float:
        """What the page's media elements have played since it was opened, the one that played most."""
        return float(str(self.evaluate("Math.max(0, ...mediaElements.map((each) => each.currentTime))")))

    def snapshot(self) -> Snapshot:
        shot: Snapshot = self.browser.execute_script("return window.unisono.snapshot()")
        return shot

    def try_snapshot(self) -> Snapshot | None:
        """None while the page is loading."""
        try:
            shot: Snapshot | None = self.browser.execute_script(
                "return window.unisono ? window.unisono.snapshot() : null"
            )
        except JavascriptException:
            raise
        except WebDriverException:
            return None  # between two documents
        return shot

    def wait_for_joined(self) -> None:
        wait_for_all([self], lambda shot: shot["phase"] == "joined", "to be joined")

    def pause(self, pause_ms: float) -> None:
        time.sleep(pause_ms / 1000)

    def report(self, shots: list[Snapshot]) -> str:
        log = self._folder / "driver.log"
        return (
            f"--- {self.name} (WebKitGTK): last snapshots\n{shots}\n{log.read_text(errors='replace')[-3000:]}"
        )

    @property
    def browser(self) -> webdriver.Remote:
        if self._browser is None:
            raise RuntimeError("the browser is not open: use it as a context manager")
        return self._browser

    def close(self) -> None:
        """Ends browser, driver and screen, in any state. Idempotent."""
        browser, self._browser = self._browser, None
        try:
            if browser is not None:
                browser.quit()
        finally:
            while self._processes:
                _end(self._processes.pop())
            if self._log is not None:
                self._log.close()
                self._log = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._log = (self._folder / "driver.log").open("wb")
        screen = self._spawn(
            "Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", is_heard=True
        )
        assert screen.stdout is not None
        with screen.stdout as said:
            display = said.readline().decode().strip()
        if not display:
            raise RuntimeError("Xvfb did not start (Debian: apt-get install xvfb)")
        # Profile and cache of its own: MiniBrowser keeps both where the user's programs do.
        own = {"DISPLAY": f":{display}", "GDK_BACKEND": "x11", "HOME": str(self._folder)}
        own |= {"XDG_CACHE_HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)}
        self._env |= own
        port = free_port()
        self._spawn("WebKitWebDriver", f"--port={port}")
        wait_for_port(port, "WebKitWebDriver")
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(BROWSER_PATH)
        options.add_argument("--automation")
        # Not the address itself: Selenium 4.51 would warn of how it then opens its own connection.
        driver = RemoteConnection(client_config=ClientConfig(remote_server_addr=f"http://127.0.0.1:{port}"))
        self._browser = webdriver.Remote(driver, options=options)
        self._browser.set_script_timeout(WAIT_LIMIT_SEC)
        # Selenium would send files over to the driver's machine, with a command that WebKitWebDriver lacks.
        self._browser.file_detector = UselessFileDetector()

    def _spawn(self, *command: str, is_heard: bool = False) -> subprocess.Popen[bytes]:
        output = subprocess.PIPE if is_heard else self._log
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=self._log, env=self._env
        )
        self._processes.append(process)
        return process

    def _button(self, name: str) -> WebElement:
        """The first button whose accessible name begins so, once it is there."""
        give_up_at = time.monotonic() + WAIT_LIMIT_SEC
        while time.monotonic() < give_up_at:
            for button in self.browser.find_elements(By.CSS_SELECTOR, "button"):
                if button.accessible_name.startswith(name) and button.is_enabled():
                    return button
            time.sleep(POLL_SEC)
        raise TimeoutError(f"{self.name}: no button {name}\n{self.evaluate('document.body.innerText')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_SEC)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
