"""What may happen to a room of browsers, one function each, and the room it happens to (bench/soak.py).

A disturbance begins and ends inside its function and returns a word on itself; whether the room is whole
again is asked afterwards. Meanwhile a seat whose page cannot answer is marked, so that nobody waits for it.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import CDPSession, Error

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.tcp_proxy import TcpProxy
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.room import holds, is_playing
from lab.server_process import ServerProcess

IN_STEP_MS = 5.0
POLL_MS = 200.0
MIB = 1024 * 1024
JOIN_LIMIT_SEC = 120.0
# The page's own AudioContext within reach, and a platform that does not give it back before it is told to.
TAKEABLE_SOUND = (
    "const Real = AudioContext; window.AudioContext = class extends Real {"
    " constructor(...args) { super(...args); window.soundOfThisPage = this; }"
    " resume() { return this.isTaken ? Promise.resolve() : super.resume(); } };"
)


@dataclass(frozen=True)
class MemoryPoint:
    """One page after the collector ran; `page` counts the pages that this seat has had."""

    at_sec: float
    page: int
    heap_mib: float
    nodes: int


@dataclass
class Seat:
    """One person: a browser with its loudspeaker, its way to the server, and what became of its pages."""

    name: str
    device: Device
    proxy: TcpProxy
    pages: int = 1
    # Its page stands still or is gone: asking it would wait for it.
    is_unresponsive: bool = False
    memory: list[MemoryPoint] = field(default_factory=list)
    former_errors: list[str] = field(default_factory=list)
    former_console: list[str] = field(default_factory=list)

    @property
    def all_errors(self) -> list[str]:
        return [*self.former_errors, *self.device.errors]

    @property
    def page_errors(self) -> list[str]:
        """What the page's own code threw; a dead server and a lost network are the console's usual news."""
        return [line for line in self.all_errors if line.startswith("uncaught:")]

    @property
    def console_errors(self) -> list[str]:
        return [line for line in self.all_errors if not line.startswith("uncaught:")]

    @property
    def remarks(self) -> list[str]:
        """What the page noticed of its sound: another output, a context that stands still."""
        lines = [*self.former_console, *self.device.console]
        return [line for line in lines if line.startswith("info:")]

    def browser(self) -> CDPSession:
        return self.device.context.new_cdp_session(self.device.page)


@dataclass
class Soak:
    server: ServerProcess
    rig: SpeakerRig
    fleet: Fleet
    song: Song
    seats: list[Seat] = field(default_factory=list)
    link: str = ""

    @property
    def answering(self) -> list[Seat]:
        return [seat for seat in self.seats if not seat.is_unresponsive]

    def enter(self) -> None:
        """Everybody joins and holds the song."""
        for seat in self.seats:
            self.join(seat)
        first = self.seats[0].device
        first.add_file(self.song.path)
        devices = [seat.device for seat in self.seats]
        wait_for_all(devices, lambda shot: holds(shot, self.song.path.name), "to hold the song")
        self.fleet.give_sound_priority(devices)

    def join(self, seat: Seat) -> None:
        """Through the seat's own proxy; the first one makes the swarm."""
        device = seat.device
        device.page.add_init_script(TAKEABLE_SOUND)
        address = f"http://127.0.0.1:{seat.proxy.port}"
        if self.link:
            device.open(f"{address}/{self.link}")
            device.join()
        else:
            device.open(address)
            device.new_swarm()
            self.link = f"#{device.invite_link().partition('#')[2]}"

    def rejoin(self, seat: Seat) -> None:
        """The page is new: one tap, and its sound threads are new as well."""
        seat.device.join()
        self.settle_threads(seat)

    def settle_threads(self, seat: Seat) -> None:
        self.fleet.give_sound_priority([seat.device])

    def director(self) -> Seat | None:
        """As most of those who answer see it."""
        seen = [(seat, seat.device.snapshot()) for seat in self.answering]
        return next((seat for seat, shot in seen if shot["director"]["isMe"]), None)

    def start_song(self) -> None:
        def directs(shot: Snapshot) -> bool:
            return bool(shot["director"]["userId"])

        devices = [seat.device for seat in self.answering]
        wait_for_all(devices, directs, "to have a director")
        director = self.director() or self.seats[0]
        director.device.play(self.song.path.name)
        wait_for_all(devices, is_playing, "to play")

    def stop_song(self) -> None:
        director = self.director()
        if director is not None:
            director.device.stop()
        devices = [seat.device for seat in self.answering]
        wait_for_all(devices, lambda shot: shot["playback"]["state"] == "idle", "to be silent")

    def wait_in_step(self, limit_sec: float) -> bool:
        """Until everyone says in one round that it is connected, follows the same director and is in step."""
        give_up_at_sec = time.monotonic() + limit_sec
        while time.monotonic() < give_up_at_sec:
            if self.is_whole():
                return True
            self.pass_time(POLL_MS / 1000)
        return False

    def is_whole(self) -> bool:
        try:
            shots = [seat.device.snapshot() for seat in self.seats]
        except Error:
            return False  # a document on its way out
        directors = {shot["director"]["userId"] for shot in shots}
        is_agreed = len(directors) == 1 and None not in directors
        return is_agreed and all(is_connected(shot) and is_in_step(shot) for shot in shots)

    def states(self) -> list[str]:
        """For whoever looks into it."""
        lines = []
        for seat in self.seats:
            shot = seat.device.snapshot()
            parts = [shot["control"], shot["clock"], shot["director"], shot["plan"], shot["playback"]]
            lines.append(f"{seat.name}: {seat.device.status()!r} {parts}")
        return lines

    def pass_time(self, seconds: float) -> None:
        self.answering[0].device.page.wait_for_timeout(seconds * 1000)

    def note_memory(self, at_sec: float) -> None:
        for seat in self.answering:
            browser = seat.browser()
            browser.send("HeapProfiler.collectGarbage")
            browser.send("Performance.enable")
            metrics = {
                each["name"]: each["value"] for each in browser.send("Performance.getMetrics")["metrics"]
            }
            heap_mib = metrics["JSHeapUsedSize"] / MIB
            seat.memory.append(
                MemoryPoint(round(at_sec, 1), seat.pages, round(heap_mib, 3), int(metrics["Nodes"]))
            )
            browser.detach()

    @contextmanager
    def unresponsive(self, seat: Seat) -> Iterator[None]:
        seat.is_unresponsive = True
        try:
            yield
        finally:
            seat.is_unresponsive = False


def is_connected(shot: Snapshot) -> bool:
    return bool(shot["control"]["state"] == "open" and shot["clock"]["state"] == "locked")


def is_in_step(shot: Snapshot) -> bool:
    error_ms = shot["playback"]["errorMs"]
    return is_playing(shot) and error_ms is not None and abs(error_ms) <= IN_STEP_MS


# --- what happens

Disturbance = Callable[[Soak, Seat, random.Random], str]


def server_killed(soak: Soak, _: Seat, chance: random.Random) -> str:
    """SIGKILL, and a new process with a new clock."""
    gone_sec = chance.uniform(1, 12)
    soak.server.stop(signal.SIGKILL)
    soak.pass_time(gone_sec)
    soak.server.restart()
    return f"for {gone_sec:.1f} s"


def server_restarted(soak: Soak, _: Seat, __: random.Random) -> str:
    """As an operator does it: it drains first."""
    soak.server.restart()
    return ""


def director_closes_tab(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """The one who directs closes the tab, and opens the link again a little later, in a new one."""
    gone = soak.director() or seat
    gone_sec = chance.uniform(2, 8)
    with soak.unresponsive(gone):
        gone.former_errors += gone.device.errors
        gone.former_console += gone.device.console
        gone.device.close()
        soak.pass_time(gone_sec)
        former = gone.device
        gone.device = Device(gone.name, former.context, former.base_url, former.mark)
        soak.fleet.devices[soak.fleet.devices.index(former)] = gone.device
        gone.pages += 1
        soak.join(gone)
    soak.settle_threads(gone)
    return f"({gone.name}) for {gone_sec:.1f} s"


def page_frozen(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """Its scripts stand still; its socket and what is queued of its sound go on."""
    frozen_sec = chance.uniform(2, 20)
    browser = seat.browser()
    with soak.unresponsive(seat):
        browser.send("Debugger.enable")
        browser.send("Debugger.pause")
        soak.pass_time(frozen_sec)
        browser.send("Debugger.resume")
        browser.send("Debugger.disable")
    browser.detach()
    return f"for {frozen_sec:.1f} s"


def offline(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """The browser knows it, and connections break."""
    offline_sec = chance.uniform(1, 15)
    seat.device.context.set_offline(True)
    seat.proxy.drop_connections()
    soak.pass_time(offline_sec)
    seat.device.context.set_offline(False)
    return f"for {offline_sec:.1f} s"


def socket_blackholed(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """Bytes vanish without a reset, and nobody says so."""
    silent_sec = chance.uniform(2, 30)
    seat.proxy.blackhole = True
    soak.pass_time(silent_sec)
    seat.proxy.blackhole = False
    return f"for {silent_sec:.1f} s"


def socket_broken(_: Soak, seat: Seat, __: random.Random) -> str:
    """Another address: every connection of this device breaks at once."""
    seat.proxy.drop_connections()
    return ""


def page_reloaded(soak: Soak, seat: Seat, _: random.Random) -> str:
    with soak.unresponsive(seat):
        seat.pages += 1
        seat.device.reload()
        soak.rejoin(seat)
    return ""


def takes_over(_: Soak, seat: Seat, __: random.Random) -> str:
    if seat.device.snapshot()["director"]["isMe"]:
        return "(directs already)"
    seat.device.take_over()
    return ""


def director_resigns(soak: Soak, _: Seat, __: random.Random) -> str:
    director = soak.director()
    if director is None:
        return "(nobody)"
    director.device.resign()
    return f"({director.name})"


def sound_taken(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """The platform suspends the AudioContext, and lets it run again later."""
    taken_sec = chance.uniform(0.5, 8)
    page = seat.device.page
    page.evaluate("soundOfThisPage.isTaken = true; soundOfThisPage.suspend()")
    soak.pass_time(taken_sec)
    page.evaluate("soundOfThisPage.isTaken = false; soundOfThisPage.resume()")
    soak.settle_threads(seat)
    return f"for {taken_sec:.1f} s"


def processor_busy(soak: Soak, seat: Seat, chance: random.Random) -> str:
    """The page's own thread is blocked again and again, as by a slow phone."""
    busy_sec = chance.uniform(2, 8)
    browser = seat.browser()
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    soak.pass_time(busy_sec)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    browser.detach()
    return f"for {busy_sec:.1f} s"


def delay_moved(_: Soak, seat: Seat, chance: random.Random) -> str:
    """The slider goes and comes back: at the end everybody should sound together again."""
    delay_ms = chance.randrange(10, 400)
    seat.device.set_speaker_delay(delay_ms)
    seat.device.set_speaker_delay(0)
    return f"by {delay_ms} ms and back"


DISTURBANCES: dict[str, Disturbance] = {
    "server killed": server_killed,
    "server restarted": server_restarted,
    "director closes the tab": director_closes_tab,
    "page frozen": page_frozen,
    "offline": offline,
    "socket blackholed": socket_blackholed,
    "socket broken": socket_broken,
    "page reloaded": page_reloaded,
    "takes over": takes_over,
    "director resigns": director_resigns,
    "sound taken": sound_taken,
    "processor busy": processor_busy,
    "speaker delay moved": delay_moved,
}
