"""One run of a scenario in real browsers: from New swarm to the recording of its loudspeakers.

Clock: recording time, seconds. Says what happened when (`stretches`) and what the pages knew at the end
(`notes`); measures nothing.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.load import busy_cores
from bench.scenarios import Scenario, Stretch
from lab.browsers.device import Device, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.tcp_proxy import rough_network
from lab.browsers.webkit import WebKitDevice
from lab.file_room import make_noise
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.rig.tracking import Signal
from lab.room import Room, holds, is_playing
from lab.server_process import ServerProcess

BEFORE_LATE_SEC = 15.0
LATE_STAYS_SEC = 8.0
START_LASTS_SEC = 4.0
SILENCE_SEC = 1.5
BULK_BYTES = 50_000_000
BEFORE_BULK_SEC = 15.0
BULK_LIMIT_SEC = 300.0

# A crystal that is off, where every script reads it: the local clock and the stamps on that clock.
_CLOCK_OFF = """((ppm) => {
  const real = performance.now.bind(performance);
  const began = real();
  const off = (ms) => began + (ms - began) * (1 + ppm * 1e-6);
  performance.now = () => off(real());
  const stamp = AudioContext.prototype.getOutputTimestamp;
  AudioContext.prototype.getOutputTimestamp = function () {
    const { contextTime, performanceTime } = stamp.call(this);
    return { contextTime, performanceTime: performanceTime && off(performanceTime) };
  };
})"""


@dataclass(frozen=True)
class Heard:
    recording: Signal
    stretches: dict[str, Stretch] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def play_unisono(
    scenario: Scenario,
    song: Song,
    seconds: float,
    folder: Path,
    checkout: Path | None = None,
    log_script: str = "",
) -> Heard:
    """`seconds` of the song are recorded, or as much as what happens meanwhile needs.

    `checkout`: serve another checkout's build instead of this one's. `log_script`: runs in every page before
    its own scripts; what it leaves in `window.captured` goes into the notes.
    """
    with ExitStack() as stack:
        env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
        server = ServerProcess(folder / "server.log", env=env)
        stack.callback(server.stop)
        rig = stack.enter_context(SpeakerRig(len(scenario.seats), priority=scenario.condition == "quiet"))
        fleet = stack.enter_context(Fleet(server.url, condition=scenario.condition))
        stage = _Stage(stack, server, Room(fleet, rig, server.url), scenario, log_script)
        is_late = scenario.meanwhile == "late joiner"
        with busy_cores() if scenario.are_cores_busy else nullcontext():
            for index in range(len(scenario.seats) - is_late):
                stage.seat(index)
            if not scenario.is_priority_late:
                fleet.give_sound_priority(stage.seats)
            stage.share(song.path)
        if scenario.is_priority_late:
            fleet.give_sound_priority(stage.seats)
        stage.director.pause(scenario.wait_sec * 1000)
        rig.record(folder / "room.f32")
        stretches: dict[str, Stretch] = {}
        if scenario.meanwhile == "starts":
            stage.start_again_and_again(song, seconds)
        else:
            stage.room.start(stage.director, song.path.name, stage.seats)
            if is_late:
                stage.let_one_fall_in(seconds)
            elif scenario.meanwhile == "bulk":
                stretches["during bulk"] = stage.distribute(make_noise(folder / "mix.mp3", BULK_BYTES))
            else:
                stage.room.listen(seconds)
        notes = {seat.name: stage.notes_of(seat) for seat in stage.seats}
        return Heard(rig.stop_recording(), stretches, notes)


class _Stage:
    """The room of a scenario and what happens in it."""

    def __init__(
        self, stack: ExitStack, server: ServerProcess, room: Room, scenario: Scenario, log_script: str
    ) -> None:
        self.room = room
        self.seats: list[Device | WebKitDevice] = []
        self._stack = stack
        self._server = server
        self._scenario = scenario
        self._log_script = log_script

    @property
    def director(self) -> Device:
        first = self.seats[0]
        if not isinstance(first, Device):
            raise TypeError("the first seat directs and shares: it cannot be a WebKitGTK")
        return first

    def seat(self, index: int) -> Device | WebKitDevice:
        kind = self._scenario.seats[index]
        name = f"{kind}{index}"
        device: Device | WebKitDevice
        if kind == "w":
            device = self._stack.enter_context(self.room.sit_with_webkit(name))
        else:
            device = self.room.sit_with_firefox(name) if kind == "f" else self.room.sit(name)
            if self._log_script:
                device.page.add_init_script(self._log_script)
            if self._scenario.clock_ppm and index == len(self._scenario.seats) - 1:
                device.page.add_init_script(f"{_CLOCK_OFF}({self._scenario.clock_ppm})")
        url = self._server.url
        if self._scenario.has_rough_network:
            proxy = self._stack.enter_context(rough_network(self._server.port, seed=index + 1))
            url = f"http://127.0.0.1:{proxy.port}"
        self.room.let_in(device, url)
        self.seats.append(device)
        return device

    def share(self, path: Path) -> None:
        """The director adds the song; who cannot fetch it has it and adds it, too."""
        for seat in self.seats:
            if isinstance(seat, WebKitDevice):
                seat.add_file(path)
        among = [self.director] if self._scenario.is_fetched_in_countdown else self.seats
        self.room.share(self.director, path, among)

    def notes_of(self, seat: Device | WebKitDevice) -> dict[str, Any]:
        notes: dict[str, Any] = seat.snapshot()["playback"]
        if self._log_script and isinstance(seat, Device):
            notes = {**notes, "captured": seat.page.evaluate("window.captured")}
        return notes

    def start_again_and_again(self, song: Song, seconds: float) -> None:
        until_sec = self.room.rig.recorded_sec() + seconds
        while self.room.rig.recorded_sec() < until_sec:
            self.room.start(self.director, song.path.name, self.seats)
            self.room.listen(START_LASTS_SEC)
            self.director.stop()
            wait_for_all(self.seats, lambda shot: shot["playback"]["state"] == "idle", "to be silent")
            self.room.listen(SILENCE_SEC)

    def let_one_fall_in(self, seconds: float) -> None:
        """The last seat enters, plays along, leaves and enters again, for as long as `seconds` last."""
        until_sec = self.room.rig.recorded_sec() + seconds
        self.room.listen(min(BEFORE_LATE_SEC, seconds / 2))
        late = self.seat(len(self._scenario.seats) - 1)
        if not isinstance(late, Device):
            raise TypeError("a late joiner fetches the file: it cannot be a WebKitGTK")
        while True:
            late.wait_for(is_playing, "to fall in")
            self.room.fleet.give_sound_priority([late])
            self.room.listen(LATE_STAYS_SEC)
            if self.room.rig.recorded_sec() + LATE_STAYS_SEC > until_sec:
                return
            late.leave()
            self.room.listen(SILENCE_SEC)
            late.page.goto("about:blank")  # the link alone would not load the page anew
            self.room.let_in(late)

    def distribute(self, path: Path) -> Stretch:
        """From the director's adding a file until everybody has all of it."""
        self.room.listen(BEFORE_BULK_SEC)
        from_sec = self.room.rig.recorded_sec()
        self.director.add_file(path)
        wait_for_all(
            self.seats, lambda shot: holds(shot, path.name), f"to hold all of {path.name}", BULK_LIMIT_SEC
        )
        to_sec = self.room.rig.recorded_sec()
        self.room.listen(2)
        return from_sec, to_sec
