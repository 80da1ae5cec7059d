"""A headless peer that says how fast a file comes: `python -m bench.timed_peer LINK [FILE]`.

In lines of JSON on its output: `{"offered": fileId}` of its own file, and of the first one it fetches
`{"bytesPerSec": …, "secondHalfBytesPerSec": …, "cpuSec": …}`, from its first stored piece to its last: by the
second half the pacers know the path. It stays until it is ended. Run with another checkout's `src` first in
PYTHONPATH it is that build's peer: only what both have is used here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from unisono.peer.file_state import KnownFile
from unisono.peer.keys import derive_keys, read_link
from unisono.peer.session import PeerSession
from unisono.peer.session_options import SessionOptions

POLL_SEC = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.timed_peer")
    parser.add_argument("link")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--name", default="bo")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(options.link, options.files, options.name))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """As this build's `unisono join` chooses."""
    try:
        from unisono.event_loop import loop_factory  # noqa: PLC0415 - an earlier build has none
    except ImportError:
        return None
    return loop_factory()


async def _run(link_text: str, files: list[Path], name: str) -> None:
    link = read_link(link_text)
    assert link is not None
    keys = await asyncio.to_thread(derive_keys, link.key, secrets.token_bytes(32))
    session = PeerSession(SessionOptions(keys=keys, server=link.server, name=name, files=files))
    running = asyncio.create_task(session.run())
    _say({"joined": keys.user_id})
    if files:
        await _until(lambda: any(file.is_complete for file in session.files))
        _say({"offered": session.files[0].file_id})
    else:
        _say(await _fetched(session))
    await running


async def _fetched(session: PeerSession) -> dict[str, float]:
    await _until(lambda: any(file.held for file in session.files))
    [file] = session.files
    begun_sec, cpu_sec, first_bytes = time.monotonic(), time.process_time(), _held_bytes(file)
    await _until(lambda: _held_bytes(file) >= file.size_bytes / 2)
    half_sec, half_bytes = time.monotonic(), _held_bytes(file)
    await _until(lambda: file.is_complete)
    end_sec = time.monotonic()
    return {
        "bytesPerSec": (file.size_bytes - first_bytes) / (end_sec - begun_sec),
        "secondHalfBytesPerSec": (file.size_bytes - half_bytes) / (end_sec - half_sec),
        "cpuSec": time.process_time() - cpu_sec,
    }


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - states of others, who tell nobody here
        await asyncio.sleep(POLL_SEC)


def _held_bytes(file: KnownFile) -> int:
    return file.size_bytes * len(file.held) // file.piece_count


def _say(words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
