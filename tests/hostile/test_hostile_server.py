"""What a server that lies, alters, repeats and withholds gets from two real browsers: nothing that lasts.

One pair of browsers lives through all cases, each of which ends with an honest server and the pair whole
again. Whether something had no effect is judged when the page has asked for the time twice since: it handles
frames in order.
"""

from __future__ import annotations

import base64
import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.file_room import FileRoom
from lab.joiner import Joiner
from lab.rig.song import make_short_variants
from lab.server_process import ServerProcess
from tests.hostile.server import HONEST, Evil, HostileServer, Instead, Message, Victim

pytestmark = pytest.mark.e2e

SONG_NAME = "Kestrel Over Harbour.flac"
WINDOW_BYTES = 64


@dataclass(frozen=True)
class Pair:
    """Ada directs and brought the song; bo follows and holds it too."""

    ada: Device
    bo: Device
    server: HostileServer
    song: Path
    fleet: Fleet

    def id_of(self, device: Device) -> str:
        return str(device.snapshot()["userId"])

    def of(self, device: Device) -> Victim:
        return self.server.victim(self.id_of(device))

    def let_pass(self, device: Device) -> None:
        """Until the page has dealt with all that it was told so far."""
        victim = self.of(device)
        pings = victim.pings
        device.wait_for(lambda _: self.of(device).pings >= pings + 2, "to ask for the time twice")

    def is_whole(self, shot: Snapshot) -> bool:
        return (
            len(shot["peers"]) == 2
            and all(peer["linked"] for peer in shot["peers"])
            and shot["control"]["state"] == "open"
            and shot["director"]["userId"] is not None
            and any(each["name"] == SONG_NAME and each["seeded"] for each in shot["files"])
        )

    def heal(self) -> None:
        """An honest server from now on; then everybody agrees, and ada directs."""
        self.server.evil = HONEST
        wait_for_all([self.ada, self.bo], self.is_whole, "to be whole again")
        wait_for_all([self.bo], self.agrees, "to agree on the director and the plan")
        # Who was kept from hearing ada for three seconds is in office now, by right.
        if not self.ada.snapshot()["director"]["isMe"]:
            self.ada.take_over()
            ada = self.id_of(self.ada)
            wait_for_all([self.ada, self.bo], lambda shot: shot["director"]["userId"] == ada, "to follow ada")

    def agrees(self, shot: Snapshot) -> bool:
        ada = self.ada.snapshot()
        return bool(ada["director"]["userId"] == shot["director"]["userId"] and ada["plan"] == shot["plan"])

    def set_plan(self, state: str) -> Snapshot:
        """Ada plays or stops; returns what bo then knows."""
        if state == "stopped":
            self.ada.stop()
        else:
            self.ada.play(SONG_NAME)
        want = ("stopped",) if state == "stopped" else ("preparing", "playing")
        return self.bo.wait_for(lambda shot: shot["plan"]["state"] in want, f"the plan to be {state}")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("hostile")
    song = make_short_variants(folder)["flac"].rename(folder / SONG_NAME)
    process = ServerProcess(folder / "server.log", ["--stun-port", "0"])
    try:
        with HostileServer(process.url) as server, Fleet(server.url) as fleet:
            room = FileRoom(fleet, server.url)
            ada, bo = room.enter("ada", "bo")
            ada.wait_for(lambda shot: shot["director"]["isMe"], "to direct")
            ada.add_file(song)
            pair = Pair(ada, bo, server, song, fleet)
            wait_for_all([ada, bo], pair.is_whole, "to be whole")
            yield pair
    finally:
        process.stop()


@pytest.fixture(autouse=True)
def healed(pair: Pair) -> Iterator[None]:
    yield
    pair.heal()
    assert pair.ada.errors == []
    assert pair.bo.errors == []


def only(kind: str, change: Any) -> Any:
    """Does `change` to messages of one kind and passes all others on."""
    return lambda victim, message: change(victim, message) if message["type"] == kind else [message]


def said_on_console(device: Device, words: str) -> None:
    device.wait_for(lambda _: any(words in line for line in device.console), f"to say {words!r}")


def flipped(body: str, at: int) -> str:
    """The same body with one bit of one byte changed."""
    sealed = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    sealed[at % len(sealed)] ^= 1
    return base64.urlsafe_b64encode(bytes(sealed)).rstrip(b"=").decode()


def test_an_altered_offer_or_fingerprint_never_becomes_a_link(pair: Pair) -> None:
    """A server cannot find a fingerprint in a sealed offer; whichever bit it flips, the offer is refused."""
    flips = iter(range(7, 100_000, 41))

    def alter(_victim: Victim, message: Message) -> Instead:
        return [{**message, "body": flipped(message["body"], next(flips))}]

    pair.server.evil = Evil(to_client=only("relayed", alter))
    pair.bo.reload()
    pair.bo.join()
    pair.bo.wait_for(lambda shot: len(shot["peers"]) == 2, "to see ada")
    pair.let_pass(pair.bo)
    shot = pair.bo.snapshot()
    assert (shot["transfer"]["links"], shot["transfer"]["receivedBytes"]) == (0, 0)
    assert [peer["name"] for peer in shot["peers"] if not peer["isMe"]] == [""]
    said_on_console(pair.bo, "wire-unsealed")


def test_keys_of_the_server_s_own_are_not_taken_for_a_member_s(pair: Pair) -> None:
    """The classic man in the middle: it shows its own keys under the members' user ids."""
    mallory = Joiner("mallory")

    def swap(part: Message) -> Message:
        return {**part, "sessionKey": mallory.session_key, "announcement": mallory.announcement}

    def show(_victim: Victim, message: Message) -> Instead:
        if message["type"] == "welcome":
            return [{**message, "members": [swap(member) for member in message["members"]]}]
        return [swap(message) if message["type"] == "joined" else message]

    pair.server.evil = Evil(to_client=show)
    pair.bo.reload()
    pair.bo.join()
    pair.bo.wait_for(lambda shot: len(shot["peers"]) == 2, "to see ada")
    pair.let_pass(pair.bo)
    assert pair.bo.snapshot()["transfer"]["links"] == 0
    said_on_console(pair.bo, "who is not")
    pair.server.evil = HONEST
    pair.bo.reload()
    pair.bo.join()


def test_an_old_plan_replayed_is_not_followed_also_after_a_reload(pair: Pair) -> None:
    pair.set_plan("playing")
    ada, bo = pair.id_of(pair.ada), pair.id_of(pair.bo)
    recorded = pair.server.victim(bo).relayed(ada)
    assert recorded
    pair.set_plan("stopped")
    for message in recorded[-20:]:
        pair.server.say(bo, message)
    pair.let_pass(pair.bo)
    assert pair.bo.snapshot()["plan"]["state"] == "stopped"

    # A page that was just loaded remembers nothing, and is told nothing but the past.
    pair.server.evil = Evil(to_client=only("relayed", lambda _victim, _message: []))
    pair.bo.reload()
    pair.bo.join()
    for message in recorded[-20:]:
        pair.server.say(bo, message)
    pair.let_pass(pair.bo)
    assert pair.bo.snapshot()["plan"]["state"] == "stopped"


def test_old_offers_replayed_open_no_link_and_break_none(pair: Pair) -> None:
    ada, bo = pair.id_of(pair.ada), pair.id_of(pair.bo)
    # A new page, to which all that is recorded was delivered: nothing of it comes for the first time.
    pair.bo.reload()
    pair.bo.join()
    wait_for_all([pair.ada, pair.bo], pair.is_whole, "to be whole")
    recorded = pair.server.victim(bo).relayed(ada)[:60]
    assert recorded
    for message in recorded:
        pair.server.say(bo, message)
    pair.let_pass(pair.bo)
    shot = pair.bo.snapshot()
    assert (shot["transfer"]["links"], pair.is_whole(shot)) == (1, True)


def test_what_was_said_in_one_swarm_means_nothing_in_another(pair: Pair) -> None:
    """The same two tabs meet in another swarm; all that they said in the first is played to them there."""
    ada, bo = pair.id_of(pair.ada), pair.id_of(pair.bo)
    recorded = pair.server.victim(bo).relayed(ada)[-40:]
    assert recorded
    link = pair.bo.page.url
    pair.bo.leave()
    pair.bo.new_swarm()
    pair.bo.wait_for(lambda shot: shot["director"]["isMe"], "to direct a swarm of one")
    # Somebody by ada's name is introduced with ada's true keys, as only ada's swarm should know her.
    shown = next(each for each in pair.server.victim(ada).sent if each["type"] == "join")
    known = {key: shown[key] for key in ("userId", "sessionKey", "announcement")}
    pair.server.say(bo, {"type": "joined", **known})
    for message in recorded:
        pair.server.say(bo, message)
    pair.let_pass(pair.bo)
    shot = pair.bo.snapshot()
    assert (shot["transfer"]["links"], shot["files"], shot["director"]["isMe"]) == (0, [], True)
    pair.bo.leave()
    pair.bo.open(link)
    pair.bo.join()


def test_reordering_doubling_and_dropping_every_third_do_not_part_them(pair: Pair) -> None:
    held: dict[str, Message] = {}
    counts: Counter[str] = Counter()

    def shuffle(victim: Victim, message: Message) -> Instead:
        counts[victim.user_id] += 1
        if counts[victim.user_id] % 3 == 0:
            return []
        if counts[victim.user_id] % 3 == 1:
            held[victim.user_id] = message
            return []
        return [message, message, held.pop(victim.user_id)]

    pair.server.evil = Evil(to_client=only("relayed", shuffle))
    pair.set_plan("playing")
    pair.set_plan("stopped")
    assert pair.is_whole(pair.bo.snapshot())


def test_an_invented_member_stays_without_name_words_link_and_file(pair: Pair) -> None:
    bo, eve = pair.id_of(pair.bo), Joiner("eve", announcement=base64.urlsafe_b64encode(b"\2" * 105).decode())
    shown = {"userId": eve.user_id, "sessionKey": eve.session_key, "announcement": eve.announcement}
    pair.server.say(bo, {"type": "joined", **shown})
    ada_words = pair.server.victim(bo).relayed(pair.id_of(pair.ada))[-5:]
    for message in [*ada_words, *[{**each, "from": eve.user_id} for each in ada_words]]:
        pair.server.say(bo, {**message, "from": eve.user_id})
    pair.let_pass(pair.bo)
    invented = next(peer for peer in pair.bo.snapshot()["peers"] if peer["userId"] == eve.user_id)
    assert (invented["name"], invented["linked"], invented["ready"]) == ("", False, False)
    assert pair.bo.snapshot()["director"]["userId"] != eve.user_id
    pair.server.say(bo, {"type": "left", "userId": eve.user_id})


def test_nobody_directs_but_the_director(pair: Pair) -> None:
    """Bo's own words, and ada's to others, are delivered as if ada had said them to bo just now."""
    ada, bo = pair.id_of(pair.ada), pair.id_of(pair.bo)
    before = pair.bo.snapshot()
    words = [each["body"] for each in pair.server.victim(bo).sent if each["type"] == "relay"][-10:]
    words += [each["body"] for each in pair.server.victim(ada).sent if each["type"] == "relay"][-10:]
    for body in words:
        pair.server.say(bo, {"type": "relayed", "from": ada, "body": body})
    pair.let_pass(pair.bo)
    after = pair.bo.snapshot()
    assert after["director"] == before["director"]
    assert after["plan"] == before["plan"]


def test_two_halves_kept_apart_each_play_on_and_become_one_again(pair: Pair) -> None:
    pair.server.evil = Evil(to_client=only("relayed", lambda _victim, _message: []))
    pair.bo.wait_for(lambda shot: shot["director"]["isMe"], "to direct its own half")
    pair.ada.wait_for(lambda shot: shot["director"]["isMe"], "to direct its own half")
    pair.server.evil = HONEST
    wait_for_all(
        [pair.ada, pair.bo], lambda shot: shot["director"]["userId"] == pair.id_of(pair.bo), "to follow bo"
    )


def test_lies_about_who_is_here_are_put_right_by_the_truth(pair: Pair) -> None:
    ada, bo = pair.id_of(pair.ada), pair.id_of(pair.bo)
    shown = next(each for each in pair.server.victim(ada).sent if each["type"] == "join")
    pair.server.say(bo, {"type": "left", "userId": ada})
    pair.bo.wait_for(lambda shot: len(shot["peers"]) == 1, "to believe that ada left")
    known = {key: shown[key] for key in ("userId", "sessionKey", "announcement")}
    for message in (
        {"type": "joined", **known},
        {"type": "joined", **known},
        {"type": "presence", "userId": ada, "away": True},
        {"type": "presence", "userId": "e" * 32, "away": False},
        {"type": "left", "userId": "e" * 32},
        {"type": "presence", "userId": ada, "away": False},
    ):
        pair.server.say(bo, message)
    pair.bo.wait_for(pair.is_whole, "to be whole again")


def test_crazy_clock_values_are_survived_and_said(pair: Pair) -> None:
    """Jumps, time running backwards, a clock that is 1000 ppm fast, and numbers beyond all reason."""
    first_us: list[float] = []

    def crazy(_victim: Victim, message: Message) -> Instead:
        first_us.append(message["t1"])
        n, passed_us = len(first_us), message["t1"] - first_us[0]
        lie_us = (passed_us * 1e-3, -2 * passed_us, 3e6 * (-1) ** n, 1e15)[n // 4 % 4]
        return [{**message, "t1": message["t1"] + lie_us, "t2": message["t2"] + lie_us}]

    pair.server.evil = Evil(to_client=only("pong", crazy))
    pair.bo.wait_for(lambda _: len(first_us) > 17, "to have heard every lie")
    assert all(peer["linked"] for peer in pair.bo.snapshot()["peers"])
    # Its offset may be anything by now; a page loaded anew measures afresh.
    pair.server.evil = HONEST
    pair.bo.reload()
    pair.bo.join()
    pair.bo.wait_for(lambda shot: shot["clock"]["state"] == "locked", "to know the time again")


@pytest.mark.parametrize(
    "frame",
    [
        "x" * 30_000,
        "[" * 20_000,
        '{"type":"relayed"}',
        '{"type":"welcome","members":[{}]}',
        '{"type":"goaway","retryAfterMs":1e99}',
        '{"type":"pong","id":1,"t0":0,"t1":null,"t2":0,"clockId":"x"}',
    ],
    ids=["oversized", "nested", "half", "absurd", "endless", "null"],
)
def test_a_frame_that_makes_no_sense_costs_the_connection_and_nothing_else(pair: Pair, frame: str) -> None:
    bo = pair.id_of(pair.bo)
    before = pair.of(pair.bo)
    pair.server.say(bo, frame)
    pair.bo.wait_for(lambda _: pair.of(pair.bo) is not before, "to connect anew")
    pair.bo.wait_for(lambda shot: shot["control"]["state"] == "open", "to be connected")


def test_nothing_the_server_received_tells_key_name_file_or_address(pair: Pair) -> None:
    """All that the browsers sent over all cases above, as text and with every body decoded."""
    texts = list(pair.server.received)
    bodies = [body for text in texts for body in re.findall(r'"body":"([\w-]+)"', text)]
    assert len(bodies) > 100
    decoded = b"\n".join(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) for body in bodies)
    everything = "\n".join(texts).encode() + decoded
    fragment = pair.ada.page.url.partition("#")[2]
    key = fragment.replace("-", "")
    secrets = [
        fragment,
        key,
        key.lower(),
        fragment.lower(),
        SONG_NAME,
        SONG_NAME.partition(".")[0],
        "Kestrel Over",
    ]
    secrets += [device.snapshot()["name"] for device in (pair.ada, pair.bo)]
    secrets += ["candidate", ".local", "a=fingerprint", "typ host", *own_addresses()]
    for secret in secrets:
        assert secret
        assert secret.encode() not in everything, secret
    song = pair.song.read_bytes()
    held = {song[at : at + WINDOW_BYTES] for at in range(len(song) - WINDOW_BYTES)}
    assert not any(everything[at : at + WINDOW_BYTES] in held for at in range(len(everything) - WINDOW_BYTES))


def own_addresses() -> list[str]:
    """What a candidate of this machine would name, but for the loopback the browsers reach the server by."""
    names = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({str(each[4][0]) for each in names} - {"127.0.0.1"})
