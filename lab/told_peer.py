"""A headless peer that tells its links and files: `python -m lab.told_peer LINK [FILE …] --name ada`.

A line of JSON on its output whenever they change: `{"linked": ["bo"], "files": {"song.mp3": 0.5}}`, names of
whom it has a data channel to, and how much of each file is here, 0 to 1. Its log, from INFO on, goes to
stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import secrets
from pathlib import Path
from typing import Any

from unisono.event_loop import loop_factory
from unisono.peer.keys import derive_keys, read_link
from unisono.peer.session import PeerSession
from unisono.peer.session_options import SessionOptions

POLL_SEC = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(prog="lab.told_peer")
    parser.add_argument("link")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(options.link, options.files, options.name))


async def _run(link_text: str, files: list[Path], name: str) -> None:
    link = read_link(link_text)
    assert link is not None
    keys = await asyncio.to_thread(derive_keys, link.key, secrets.token_bytes(32))
    session = PeerSession(SessionOptions(keys=keys, server=link.server, name=name, files=files))
    running = asyncio.create_task(session.run())
    said: dict[str, Any] = {}
    while not running.done():
        told = {
            "linked": sorted(_name_of(session, peer) for peer in session.swarm.linked),
            "files": {file.name: len(file.held) / file.piece_count for file in session.files},
        }
        if told != said:
            print(json.dumps(told), flush=True)
            said = told
        await asyncio.sleep(POLL_SEC)
    await running


def _name_of(session: PeerSession, peer: str) -> str:
    person = session.roster.get(peer)
    return person.status.name if person is not None and person.status is not None else peer


if __name__ == "__main__":
    main()
