"""A room for tests: one server, a loudspeaker per device, and browsers that join one swarm by link.

`Room` composes lab/rig and lab/browsers so that a test reads as what people do. Devices sit
at the loudspeaker with their own number, in the order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lab.browsers.device import Device, Seat, Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.webkit import WebKitDevice
from lab.rig.analysis import Gap, find_gaps
from lab.rig.clicks import find_underruns
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.rig.tracking import Signal, Tracks

LISTEN_POLL_MS = 200.0
# On a starved host a device may begin some milliseconds off, and cross over (P21) when that has lasted 1.5 s.
SETTLED_SEC = 4.0
SETTLE_TRIES = 5
# A browser that shares two cores with others underruns by 10 to 20 ms now and then, whatever the app does;
# music that stopped or moved because somebody left would break for longer. bench/ measures the underruns.
HEARD_BREAK_MS = 25.0
# What may be blamed on such an underrun: itself, the line that moves, and the crossfade that repairs it.
UNDERRUN_REPAIR_SEC = 2.0
GAP_GRAIN_SEC = 0.06  # a jump is dated by the window of 50 ms that shows it


class Room:
    """Opened by the fixtures in conftest.py; `speakers` is the number of seats."""

    def __init__(self, fleet: Fleet, rig: SpeakerRig, base_url: str) -> None:
        self.fleet = fleet
        self.rig = rig
        self.base_url = base_url
        self.link = ""
        self._webkits: list[WebKitDevice] = []

    @property
    def devices(self) -> list[Device]:
        return self.fleet.devices

    def enter(self, *names: str) -> list[Device]:
        """Each name opens a browser and joins; the first one makes the swarm, the others follow its link."""
        return [self._enter_one(name) for name in names]

    def sit(self, name: str) -> Device:
        """A browser on the next loudspeaker, with nothing open yet."""
        return self.fleet.chromium(name, self._next_speaker())

    def sit_with_firefox(
        self, name: str, *, extra_prefs: Mapping[str, str | float | bool] | None = None
    ) -> Device:
        return self.fleet.firefox(name, self._next_speaker(), extra_prefs=extra_prefs)

    def sit_with_webkit(self, name: str) -> WebKitDevice:
        """Not open yet: whoever asks for it opens it with `with`. It must add the song itself."""
        device = WebKitDevice(name, self._next_speaker(), self.base_url)
        self._webkits.append(device)
        return device

    def let_in(self, device: Device | WebKitDevice, base_url: str = "") -> None:
        """Into the swarm, which the first one makes; at another address of the server, such as a proxy's."""
        key = self.link.partition("#")[2]
        device.open(f"{base_url or self.base_url}/#{key}" if key else base_url)
        if key:
            device.join()
        else:
            device.new_swarm()
            self.link = device.invite_link()

    def share(self, owner: Device, song: Path, among: Sequence[Seat] | None = None) -> None:
        """The owner adds the song; returns once everybody holds all of it."""
        owner.add_file(song)
        wait_for_all(
            among or self.devices, lambda shot: holds(shot, song.name), f"to hold all of {song.name}"
        )

    def start(self, director: Device, song_name: str, among: Sequence[Seat] | None = None) -> None:
        """The director presses Play; returns once everybody sounds."""
        director.play(song_name)
        wait_for_all(among or self.devices, is_playing, "to play")

    def listen(self, seconds: float) -> None:
        """Lets the recording grow by this much, however slow the machine is."""
        until_sec = self.rig.recorded_sec() + seconds
        someone = next(device for device in self.devices if not device.page.is_closed())
        while self.rig.recorded_sec() < until_sec:
            someone.page.wait_for_timeout(LISTEN_POLL_MS)

    def settle(self) -> None:
        """Listens until no device has crossed over for a while: the music stands, and may be disturbed."""
        for _ in range(SETTLE_TRIES):
            before = self._rejoins()
            self.listen(SETTLED_SEC)
            if self._rejoins() == before:
                return
        raise AssertionError(f"the music does not come to rest: {before} and {self._rejoins()} rejoins")

    def _rejoins(self) -> list[int]:
        return [device.snapshot()["playback"]["rejoins"] for device in self.devices]

    def _enter_one(self, name: str) -> Device:
        device = self.sit(name)
        self.let_in(device)
        return device

    def _next_speaker(self) -> dict[str, str]:
        return self.rig.env(len(self.devices) + len(self._webkits))


def holds(shot: Snapshot, file_name: str) -> bool:
    return any(each["name"] == file_name and each["seeded"] for each in shot["files"])


def is_playing(shot: Snapshot) -> bool:
    return bool(shot["playback"]["state"] == "playing")


def position_sec(shot: Snapshot) -> float:
    """Where in the song this device is; 0 while that is not known."""
    return float(shot["playback"]["positionSec"] or 0)


def is_director(shot: Snapshot) -> bool:
    return bool(shot["director"]["isMe"])


def has_peers(count: int) -> Callable[[Snapshot], bool]:
    """Sees this many people and has a data channel to each of them."""
    return lambda shot: len(shot["peers"]) == count and all(peer["linked"] for peer in shot["peers"])


def breaks(recording: Signal, song: Song, tracks: Tracks, from_sec: float, to_sec: float) -> list[Gap]:
    """Where the music of any device stopped or moved between two moments of the recording."""
    return find_gaps(
        recording,
        song.reference,
        tracks,
        from_sec,
        to_sec,
        min_silence_ms=HEARD_BREAK_MS,
        min_jump_ms=HEARD_BREAK_MS,
    )


def sharp_breaks(
    recording: Signal, song: Song, tracks: Tracks, devices: list[int], from_sec: float, to_sec: float
) -> list[Gap]:
    """Every silence of 4 ms and every step of 5 ms, but for what follows from an underrun of the host.

    An underrun is told by exact zeros: music has none, and neither a crossfade nor a join of segments makes
    any. What lasts as long as a person would hear it (`breaks`) counts whatever its reason.
    """
    gaps = find_gaps(recording, song.reference, tracks, from_sec, to_sec)
    found = [gap for gap in gaps if gap.device in devices]
    underruns = {
        device: find_underruns(recording[:, device], from_sec - UNDERRUN_REPAIR_SEC, to_sec)
        for device in devices
    }

    def is_hosts(gap: Gap) -> bool:
        ago_sec = [gap.at_sec - at_sec for at_sec in underruns[gap.device]]
        is_near = any(-GAP_GRAIN_SEC <= sec <= UNDERRUN_REPAIR_SEC for sec in ago_sec)
        return is_near and abs(gap.length_ms) < HEARD_BREAK_MS

    counts = {device: len(at_sec) for device, at_sec in underruns.items()}
    print(f"\nbreaks: {found}, underruns of the host by loudspeaker: {counts}")
    return [gap for gap in found if not is_hosts(gap)]
