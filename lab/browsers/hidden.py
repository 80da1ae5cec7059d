"""A Chromium on a screen of its own, whose page can be hidden for good behind another tab.

Playwright emulates focus on every page it drives, so none of those is ever hidden, and its flags keep hidden
pages quick. This one has the browser's own defaults and is driven by the DevTools protocol alone, from an
event loop in a thread of its own, because Playwright's synchronous API owns the test's thread.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from lab.browsers.launch import CHROMIUM_ARGS, CHROMIUM_PATH
from lab.ports import free_port, wait_for_port

SCREEN = "800x600x24"
ANSWER_LIMIT_SEC = 90.0
POLL_SEC = 0.15
MAX_MESSAGE_BYTES = 64 * 2**20

Result = TypeVar("Result")


class HideablePage:
    """A context manager: the page is at `url`, and seen, until `hide`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._folder = Path(tempfile.mkdtemp(prefix="unisono-hidden-"))
        self._port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="devtools", daemon=True)
        self._ids = itertools.count(1)
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    def __enter__(self) -> Self:
        self._thread.start()
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

    def evaluate(self, expression: str) -> Any:
        """The value, as JSON has it, of an expression that runs as if inside a tap."""
        answer = self._ask(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, is_reached: Callable[[Any], bool] = bool) -> Any:
        give_up_at = time.monotonic() + ANSWER_LIMIT_SEC
        while True:
            try:
                value = self.evaluate(expression)
            except AssertionError as failure:
                value = failure  # between two documents
            if not isinstance(value, AssertionError) and is_reached(value):
                return value
            assert time.monotonic() < give_up_at, f"{expression} stays {value}"
            time.sleep(POLL_SEC)  # asks again; ANSWER_LIMIT_SEC ends it

    def add_file(self, path: Path) -> None:
        found = self._ask("Runtime.evaluate", expression="document.querySelector('input[type=file]')")
        self._ask("DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"])

    def hide(self) -> None:
        """Opens another tab in front of the page."""
        other = self._json("PUT", "/json/new?about:blank")
        urllib.request.urlopen(f"http://127.0.0.1:{self._port}/json/activate/{other['id']}").close()
        self.wait_for("document.visibilityState === 'hidden'")

    def close(self) -> None:
        """Ends browser and screen, in any state. Idempotent."""
        if self._thread.is_alive():
            self._run(self._disconnect())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        while self._processes:
            process = self._processes.pop()
            process.terminate()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        screen = self._spawn({}, "Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp")
        assert screen.stdout is not None
        with screen.stdout as said:
            display = said.readline().decode().strip()
        own = [f"--remote-debugging-port={self._port}", f"--user-data-dir={self._folder}", "--no-first-run"]
        features = "--disable-features=WebRtcHideLocalIpsWithMdns"
        self._spawn(
            {"DISPLAY": f":{display}"},
            *(CHROMIUM_PATH, *CHROMIUM_ARGS, *own, features, "--disable-audio-output", "--disable-gpu"),
            self._url,
        )
        wait_for_port(self._port, "Chromium")
        self._run(self._connect(self._first_page()["webSocketDebuggerUrl"]))

    def _first_page(self) -> Any:
        give_up_at = time.monotonic() + ANSWER_LIMIT_SEC
        while time.monotonic() < give_up_at:
            pages = [each for each in self._json("GET", "/json/list") if each["type"] == "page"]
            if pages:
                return pages[0]
            time.sleep(POLL_SEC)  # asks again; ANSWER_LIMIT_SEC ends it
        raise TimeoutError("Chromium has no page")

    def _spawn(self, env: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
        is_screen = command[0] == "Xvfb"
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_screen else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **env},
        )
        self._processes.append(process)
        return process

    def _json(self, method: str, address: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{address}", method=method)
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_SEC) as answer:
            return json.load(answer)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._run(self._exchange(method, params))

    async def _connect(self, url: str) -> None:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(url, max_msg_size=MAX_MESSAGE_BYTES)

    async def _exchange(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None, "the browser is not open: use it as a context manager"
        request_id = next(self._ids)
        await self._socket.send_json({"id": request_id, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == request_id:
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result

    async def _disconnect(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_LIMIT_SEC)
