"""`unisono join`, once its packages are there: opens the sinks, stays, says what happens, leaves.

What people read is printed when it changes; what developers read goes to the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unisono.errors import StartError
from unisono.event_loop import loop_factory
from unisono.peer.ambient import RealClock
from unisono.peer.constants.session import Role
from unisono.peer.control_link import Reason, RefusedError
from unisono.peer.device import SoundDevice
from unisono.peer.key import is_likely_mistyped
from unisono.peer.keys import derive_keys, read_link
from unisono.peer.outputs import Sink
from unisono.peer.peer_message import clean_name
from unisono.peer.playback_controller import NORMAL_TEMPO, PlaybackController
from unisono.peer.recorder import Recorder
from unisono.peer.safe_text import clean_line
from unisono.peer.session import PeerSession
from unisono.peer.session_options import SessionOptions

REPORT_SEC = 0.5
# Of what was typed in place of a link.
MOST_SHOWN_CHARS = 200

REFUSALS: dict[Reason, str] = {
    "wrong-version": "This server speaks another version of the protocol: install the matching unisono.",
    "taken-over": "Somebody else took this peer's seat.",
    "swarm-full": "The swarm is full.",
    "not-admitted": "The swarm at this server has another key; check the link.",
}


@dataclass(frozen=True, kw_only=True)
class JoinOptions:
    link: str
    name: str
    files: tuple[Path, ...] = ()
    is_queueing: bool = False
    record: Path | None = None
    output: str | None = None
    speaker_delay_ms: int = 0
    role: Role | None = None
    roles_by_name: Mapping[str, Role] = field(default_factory=dict)


def join(options: JoinOptions) -> None:
    """Stays until interrupted. Raises `StartError`."""
    # Names have any letters. Those that the terminal, or the file behind a `>`, cannot hold become `?`.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_stay(options))


async def _stay(options: JoinOptions) -> None:
    link = read_link(options.link)
    if link is None:
        shown = options.link[:MOST_SHOWN_CHARS]
        raise StartError(
            "bad-option", f"{shown!r} is no link into a swarm; it looks like http://host:8000/#KEY."
        )
    if is_likely_mistyped(options.link):
        print(
            "The key in this link seems to have a typing error; if nobody is there, compare it.",
            file=sys.stderr,
        )
    keys = await asyncio.to_thread(derive_keys, link.key, secrets.token_bytes(32))
    with contextlib.ExitStack() as opened:
        recorders: list[Recorder] = []

        def record(controller: PlaybackController, path: Path) -> Sink:
            try:
                recorders.append(Recorder(path, controller, RealClock()))
            except OSError as cause:
                raise StartError(
                    "output-unavailable", f"{path} cannot be written: {cause.strerror}."
                ) from cause
            return recorders[-1]

        def play(controller: PlaybackController, name: str) -> Sink:
            device = SoundDevice(name, controller)
            opened.callback(device.close)
            return device

        sinks: list[Callable[[PlaybackController], Sink]] = []
        if options.record is not None:
            path = options.record
            sinks.append(lambda controller: record(controller, path))
        if options.output is not None:
            output = options.output
            sinks.append(lambda controller: play(controller, output))
        session_options = SessionOptions(
            keys=keys,
            server=link.server,
            name=_shown_name(options.name),
            files=options.files,
            is_queueing=options.is_queueing,
            speaker_delay_ms=options.speaker_delay_ms,
            role=options.role,
            roles_by_name={_shown_name(name): role for name, role in options.roles_by_name.items()},
            sinks=sinks,
        )
        try:
            session = PeerSession(session_options)
        except OSError as cause:
            sentence = f"No folder for the songs can be made: {cause.strerror}. TMPDIR can name another one."
            raise StartError("no-folder", sentence) from cause
        try:
            await _run(session)
        finally:
            for recorder in recorders:
                recorder.close(session.clock.estimate)


def _shown_name(argument: str) -> str:
    """As others see it. What is not UTF-8 arrives as halves of characters, which cannot be sent."""
    return clean_name(os.fsencode(argument).decode("utf-8", "replace"))


async def _run(session: PeerSession) -> None:
    running = asyncio.create_task(session.run())
    report = asyncio.create_task(_report(session))
    _end_on_signals(running)
    try:
        await running
    except asyncio.CancelledError:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running  # leaves, and wipes what it fetched
    except RefusedError as refusal:
        raise StartError("not-joined", REFUSALS[refusal.reason]) from refusal
    finally:
        report.cancel()


def _end_on_signals(running: asyncio.Task[None]) -> None:
    """As Ctrl-C does: whoever closes the terminal leaves no songs behind on the disc either."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What `nohup` has switched off stays off.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            # Windows has no signal handlers in loops; Ctrl-C still ends it.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, running.cancel)


async def _report(session: PeerSession) -> None:
    """One line whenever it says something new."""
    said = ""
    while True:
        line = report_line(session)
        if line != said:
            with contextlib.suppress(
                OSError
            ):  # nobody reads it any more; the peer is not there for its words
                print(line, file=sys.stdout, flush=True)
            said = line
        await asyncio.sleep(REPORT_SEC)


def report_line(session: PeerSession) -> str:
    """Who is here, which files are, and what plays."""
    if not session.is_joined:
        return "Connecting to the server …"
    others = [person.status.name if person.status else "…" for person in session.roster.people]
    company = f"In the swarm with {', '.join(others)}." if others else "In the swarm, alone so far."
    role = session.role.told.role
    if role != "all":
        company = f"{company} Role: {role}."
    whole = sum(file.is_complete for file in session.files)
    files = f" Files here: {whole} of {len(session.files)}." if session.files else ""
    file_id = session.current_file_id
    playing = session.swarm.get(file_id) if file_id is not None else None
    if playing is None or session.plan.state == "stopped":
        return company + files
    refusal = session.songs.loader.refusal_of(playing.file_id)
    if refusal is not None:
        return f"{company}{files} Silent: this peer cannot play {clean_line(playing.name)}: {refusal}."
    if not session.can_sound:
        return f"{company}{files} The others play: {clean_line(playing.name)}."
    if session.plan.tempo != NORMAL_TEMPO:
        return f"{company}{files} Silent: this peer plays at no other tempo than the song's own."
    state = "Playing" if session.plan.state == "playing" else "About to play"
    return f"{company}{files} {state}: {clean_line(playing.name)}."
