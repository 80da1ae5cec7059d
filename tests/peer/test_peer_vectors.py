"""The vectors in vectors/ that the web app is held to: a headless peer arrives at the same bytes."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from unisono.peer import ctl
from unisono.peer.constants.session import MAX_START_MS
from unisono.peer.envelope import Sealer
from unisono.peer.errors import SwarmKeyError, WireError
from unisono.peer.heartbeat_message import HeartbeatMessage
from unisono.peer.key import canonical_key, is_likely_mistyped
from unisono.peer.keys import SwarmKeys, derive_keys, read_link
from unisono.peer.offset import OffsetEstimator, Probe
from unisono.peer.peer_message import (
    Status,
    StatusMessage,
    decode_message,
    encode_message,
    told_troubles,
)
from unisono.peer.plan import Heartbeat, Plan, Record
from unisono.peer.queue import QueueStamp
from unisono.peer.safe_text import safe_text
from unisono.peer.topology import neighbours_of

VECTORS = Path(__file__).parents[2] / "vectors"


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


KEYS = vector("keys.json")
SPELLINGS = vector("spellings.json")
JOIN = vector("join.json")
ENVELOPE = vector("envelope.json")
ADA_EPOCH, BO_EPOCH = 7, 9


class Dealt:
    """Chance that deals what it was given, in turn."""

    def __init__(self, *dealt: str) -> None:
        self._dealt = [bytes.fromhex(each) for each in dealt]

    def bytes(self, length: int) -> bytes:
        dealt = self._dealt.pop(0)
        assert len(dealt) == length
        return dealt

    def fraction(self) -> float:
        raise AssertionError("nobody throws dice here")


@pytest.fixture(scope="module")
def ada() -> SwarmKeys:
    return derive_keys(KEYS["swarmKey"], b"a" * 32)


@pytest.fixture(scope="module")
def bo() -> SwarmKeys:
    return derive_keys(KEYS["swarmKey"], b"b" * 32)


def sealer_of(keys: SwarmKeys, epoch: int, *dealt: str) -> Sealer:
    return Sealer(keys, epoch, Dealt(*dealt))


def meet(sealer: Sealer, other: SwarmKeys, other_sealer: Sealer) -> None:
    sealer.meet(other.user_id, other_sealer.make_join(JOIN["nonce"]).session_key, other_sealer.announcement)


def test_all_keys_follow_from_the_swarm_key(ada: SwarmKeys) -> None:
    for name, value in KEYS.items():
        if name == "swarmKey":
            continue
        mine: Any = getattr(ada, snake(name))
        assert (mine.hex() if isinstance(mine, bytes) else mine) == value, name


def test_the_join_is_the_same_to_the_byte(ada: SwarmKeys) -> None:
    sealer = sealer_of(ada, ADA_EPOCH, ENVELOPE["from"]["agreementSecret"])
    assert msgspec.to_builtins(sealer.make_join(JOIN["nonce"])) == JOIN["join"]


def test_envelopes_are_the_same_to_the_byte_and_open(ada: SwarmKeys, bo: SwarmKeys) -> None:
    one, everybody = ENVELOPE["pairwise"], ENVELOPE["broadcast"]
    nonces = [each["envelope"][12:60] for each in (one, everybody)]
    adas = sealer_of(ada, ADA_EPOCH, ENVELOPE["from"]["agreementSecret"], *nonces)
    bos = sealer_of(bo, BO_EPOCH, ENVELOPE["to"]["agreementSecret"])
    meet(adas, bo, bos)
    meet(bos, ada, adas)
    assert adas.seal(bo.user_id, one["content"].encode()).hex() == one["envelope"]
    assert adas.seal(None, everybody["content"].encode()).hex() == everybody["envelope"]
    with pytest.raises(WireError, match="wire-unproven"):
        bos.open(ada.user_id, bytes.fromhex(everybody["envelope"]))
    assert bos.open(ada.user_id, bytes.fromhex(one["envelope"])) == one["content"].encode()
    assert bos.open(ada.user_id, bytes.fromhex(everybody["envelope"])) == everybody["content"].encode()
    with pytest.raises(WireError, match="wire-replayed"):
        bos.open(ada.user_id, bytes.fromhex(one["envelope"]))
    altered = bytearray.fromhex(one["envelope"])
    altered[-1] ^= 1
    with pytest.raises(WireError, match="wire-unsealed"):
        bos.open(ada.user_id, bytes(altered))


def test_the_proof_of_a_link_is_the_same_and_holds_for_its_sender_only(ada: SwarmKeys, bo: SwarmKeys) -> None:
    link = ENVELOPE["link"]
    adas = sealer_of(ada, ADA_EPOCH, ENVELOPE["from"]["agreementSecret"])
    bos = sealer_of(bo, BO_EPOCH, ENVELOPE["to"]["agreementSecret"])
    meet(adas, bo, bos)
    meet(bos, ada, adas)
    proof = bytes.fromhex(link["proof"])
    assert adas.prove_link(bo.user_id, link["ofProver"], link["ofOther"]) == proof
    assert bos.is_link_proven(ada.user_id, proof, own=link["ofOther"], theirs=link["ofProver"])
    assert not bos.is_link_proven(ada.user_id, proof, own=link["ofProver"], theirs=link["ofOther"])
    assert not bos.is_link_proven("0" * 32, proof, own=link["ofOther"], theirs=link["ofProver"])


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS["spellings"])
def test_spellings_of_one_key_are_one_swarm(text: str, canonical: str | None) -> None:
    """K2, K8: as the page reads them."""
    if canonical is None:
        with pytest.raises(SwarmKeyError):
            canonical_key(text)
    else:
        assert canonical_key(text) == canonical


@pytest.mark.parametrize(("text", "is_asked"), SPELLINGS["isLikelyMistyped"])
def test_a_slip_in_a_key_is_noticed(text: str, is_asked: bool) -> None:
    """K9."""
    assert is_likely_mistyped(text) is is_asked


def test_a_link_names_key_and_server() -> None:
    link = read_link("https://music.example/#K7QF-9TXM-2B4D")
    assert link is not None
    assert (link.key, link.server) == ("K7QF9TXM2B4D", "wss://music.example")
    elsewhere = read_link("https://page.example/#our%20party?server=ws://10.0.0.2:8000")
    assert elsewhere is not None
    assert (elsewhere.key, elsewhere.server) == ("OURPARTY", "ws://10.0.0.2:8000")
    for dirty in (
        "https://music.example/#K7QF-9TXM-2B4D.",
        "<https://music.example/%23k7qf9txm2b4d&fbclid=1>",
    ):
        assert read_link(dirty) == link
    behind_a_path = read_link("https://music.example/our/unisono/#K7QF-9TXM-2B4D")
    assert behind_a_path is not None
    assert behind_a_path.server == "wss://music.example/our/unisono"
    elsewhere = read_link("https://page.example/#party?server=wss://music.example/unisono/")
    assert elsewhere is not None
    assert elsewhere.server == "wss://music.example/unisono"
    for text in ("K7QF-9TXM-2B4D", "https://music.example/", "ftp://music.example/#K7QF", ""):
        assert read_link(text) is None, text


def snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def status_of(shown: dict[str, Any]) -> Status:
    troubles = tuple((each["filePrefix"], each["trouble"]) for each in shown.pop("troubles"))
    return Status(troubles=troubles, **{snake(name): value for name, value in shown.items()})


@pytest.mark.parametrize("name", ["still", "sounding"])
def test_a_status_is_the_same_to_the_byte_and_read_back(name: str) -> None:
    shown = vector("peer-messages.json")[name]
    message = StatusMessage(status_of(shown["status"]), asks=shown["asks"])
    assert encode_message(message).hex() == shown["bytes"]
    assert decode_message(bytes.fromhex(shown["bytes"])) == message


@pytest.mark.parametrize("name", ["heartbeat", "first"])
def test_a_beat_is_the_same_to_the_byte_and_read_back(name: str) -> None:
    shown = vector("peer-messages.json")[name]
    record, stamp = shown["heartbeat"]["record"], shown["queueStamp"]
    told = {snake(name): value for name, value in shown["heartbeat"]["plan"].items()}
    plan = Plan(**{**told, "loop_us": told["loop_us"] and tuple(told["loop_us"])})
    heartbeat = Heartbeat(Record(record["term"], record["userId"], record["resigned"]), plan)
    message = HeartbeatMessage(heartbeat, stamp and QueueStamp(stamp["term"], stamp["userId"], stamp["rev"]))
    assert encode_message(message).hex() == shown["bytes"]
    assert decode_message(bytes.fromhex(shown["bytes"])) == message


def test_what_is_cut_or_altered_is_refused_or_read_and_nothing_else() -> None:
    """X1, for what members say: whatever comes, a message or a `WireError`."""
    random = np.random.default_rng(7)
    for name in ("still", "sounding", "heartbeat"):
        whole = bytes.fromhex(vector("peer-messages.json")[name]["bytes"])
        for _ in range(300):
            altered = bytearray(whole[: random.integers(1, len(whole) + 1)])
            altered[random.integers(len(altered))] = random.integers(256)
            with contextlib.suppress(WireError):
                decode_message(bytes(altered))


def test_everybody_agrees_on_who_connects_to_whom() -> None:
    shown = vector("topology.json")
    for member, links in shown["links"].items():
        assert neighbours_of(member, shown["links"], lambda each: each in shown["phones"]) == set(links)


def test_probes_say_the_same_of_global_time_to_a_nanosecond() -> None:
    shown = vector("offset.json")
    estimator = OffsetEstimator()
    for probe, offset_ms in zip(shown["probes"], shown["offsetMs"], strict=True):
        assert estimator.add(Probe("north", *probe)) == "kept"
        estimate = estimator.estimate(probe[3])
        assert estimate is not None
        assert estimate.offset_ms == pytest.approx(offset_ms, abs=1e-6)


@pytest.mark.parametrize("case", vector("safe-text.json"), ids=lambda case: case["what"])
def test_text_of_a_stranger_is_shown_as_the_page_shows_it(case: dict[str, Any]) -> None:
    text = bytes.fromhex(case["utf16"]).decode("utf-16-be", "surrogatepass")
    assert safe_text(text, case["maxChars"]) == case["shown"]


def test_halves_of_characters_from_a_file_name_are_not_shown() -> None:
    assert safe_text("caf\udce9.mp3", 120) == "caf.mp3"


def test_a_status_names_what_cannot_be_played_the_chosen_file_first() -> None:
    """[P40] No more than eight, however many were refused."""
    refused = {f"{digit:x}" * 64 for digit in range(12)}
    told = told_troubles(dict.fromkeys(refused, "undecodable"), "b" * 64)
    assert [prefix[0] for prefix, _ in told] == list("b0123456")
    message = StatusMessage(Status("Bo", troubles=told))
    assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize(
    ("at", "byte"), [(2, 0x94), (2, 0x84), (14 + 8, 3)], ids=["nine", "runs over", "unknown"]
)
def test_troubles_that_make_no_sense_are_refused(at: int, byte: int) -> None:
    content = bytearray(encode_message(StatusMessage(Status("Bo", troubles=(("ab" * 8, "short"),)))))
    content[at] = byte
    with pytest.raises(WireError, match="wire-malformed"):
        decode_message(bytes(content))


def test_a_time_to_start_beyond_any_output_is_refused() -> None:
    """[D15]"""
    longest = StatusMessage(Status("Bo", start_ms=MAX_START_MS))
    assert decode_message(encode_message(longest)) == longest
    with pytest.raises(WireError, match="wire-malformed"):
        decode_message(encode_message(StatusMessage(Status("Bo", start_ms=MAX_START_MS + 1))))


def test_probes_in_steps_say_the_same_of_global_time() -> None:
    """[T14]"""
    shown = vector("offset.json")
    estimator = OffsetEstimator(shown["stepMs"])
    for (_, t1, t2, _), (t0, t3, offset_ms) in zip(shown["probes"], shown["steppedOffsetMs"], strict=True):
        assert estimator.add(Probe("north", t0, t1, t2, t3)) == "kept"
        estimate = estimator.estimate(t3)
        assert estimate is not None
        assert estimate.offset_ms == pytest.approx(offset_ms, abs=1e-6)


def test_an_answer_to_a_ping_tells_the_time_or_nothing() -> None:
    """[T17]"""
    told = ctl.encode_ctl(ctl.Pong(7, ctl.PeerTime("north", -5_000_000)), 0)
    assert told == '{"seq":0,"message":{"type":"pong","id":7,"time":{"clockId":"north","globalUs":-5000000}}}'
    assert ctl.CtlInbox().take(told, 0) == [ctl.Pong(7, ctl.PeerTime("north", -5_000_000))]
    plain = ctl.encode_ctl(ctl.Pong(7), 0)
    assert plain == '{"seq":0,"message":{"type":"pong","id":7}}'
    assert ctl.CtlInbox().take(plain, 0) == [ctl.Pong(7)]
    for time in ("null", "5", '{"clockId":"north"}', '{"clockId":"north","globalUs":1.5}'):
        odd = f'{{"seq":0,"message":{{"type":"pong","id":7,"time":{time}}}}}'
        assert ctl.CtlInbox().take(odd, 0) == "malformed"
