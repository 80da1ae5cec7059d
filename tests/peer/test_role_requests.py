"""What a headless peer says of its role, and what it makes of requests for one: by the page's vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unisono.peer.constants.director import HEARTBEAT_PERIOD_MS
from unisono.peer.constants.session import ROLE_REPEATS, Role, RoleAnswer
from unisono.peer.errors import WireError
from unisono.peer.own_role import OwnRole, RoleDesk
from unisono.peer.own_status import RoleNews
from unisono.peer.peer_message import Status, StatusMessage, decode_message, encode_message
from unisono.peer.queue import QueueStamp
from unisono.peer.role_message import RoleRequest, ToldRole

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "role-messages.json").read_text())
ADA, BO = "a" * 32, "b" * 32


def told_role(shown: dict[str, Any]) -> ToldRole:
    answer = shown["answer"]
    stamp = answer and QueueStamp(*(answer["stamp"][key] for key in ("term", "userId", "rev")))
    told = shown["role"], shown["hasConsented"], shown["choice"], answer and (stamp, answer["code"])
    return ToldRole(*told, is_silent=shown.get("isSilent", False))


def role_request(shown: dict[str, Any]) -> RoleRequest:
    return RoleRequest(shown["role"], shown["choice"], shown["term"], shown["rev"])


def test_roles_in_statuses_are_written_and_read_as_on_the_page() -> None:
    """[R1] [V1] A status without one is of a device that plays all."""
    assert told_role(VECTORS["untold"]) == ToldRole()
    for shown in VECTORS["statuses"]:
        message = decode_message(bytes.fromhex(shown["bytes"]))
        assert isinstance(message, StatusMessage)
        assert (message.status.role, message.status.name) == (told_role(shown["role"]), "Ötzi")
        assert encode_message(message).hex() == shown["bytes"]
        for end in (16, 19):
            with pytest.raises(WireError):
                decode_message(bytes.fromhex(shown["bytes"])[:end])
    silent = StatusMessage(Status(name="ada"))
    assert decode_message(encode_message(silent)) == silent
    assert silent.status.role is None


def test_requests_for_roles_are_written_and_read_as_on_the_page() -> None:
    """[R2] [V1]"""
    for shown in VECTORS["requests"]:
        content = bytes.fromhex(shown["bytes"])
        assert decode_message(content) == role_request(shown["request"])
        assert encode_message(role_request(shown["request"])) == content
        for odd in (content[:-1], content + b"\0", bytes([content[0], 14]) + content[2:]):
            with pytest.raises(WireError):
                decode_message(odd)


def test_a_device_makes_of_requests_and_taps_what_the_page_does() -> None:
    """[R4] [R5] [R6] [R7] [V1]"""
    own = OwnRole("all", 4_096)
    for step in VECTORS["story"]:
        match step["kind"]:
            case "take":
                own.take(role_request(step["request"]), step["by"], step["localMs"])
            case "choose":
                own.choose(step["role"])
            case "decline":
                own.decline(step["localMs"])
            case "allow":
                own.allow()
        assert own.told == told_role(step["told"])
        asked = own.asked and {"role": own.asked.role, "by": own.asked.stamp.user_id}
        wanted = step["asked"]
        assert asked == (wanted and {"role": wanted["role"], "by": wanted["by"]})


def test_without_a_screen_it_plays_what_whoever_directs_asks() -> None:
    """[R3] [R15]"""
    played: list[Role] = []
    desk = RoleDesk(None, played.append)
    assert desk.told.has_consented
    desk.heard(RoleRequest("left", 0, 1, 1), BO, ADA, 0)
    desk.heard(RoleRequest("right", 0, 1, 1), ADA, None, 0)
    assert desk.told.answer is None
    desk.heard(RoleRequest("right", 0, 1, 1), ADA, ADA, 0)
    assert desk.told.answer == (QueueStamp(1, ADA, 1), "taken")
    assert (played[0], desk.told.role, played[-1]) == ("all", "right", "right")


def test_a_role_of_the_command_line_is_kept_for_the_whole_session() -> None:
    """[R15]"""
    played: list[Role] = []
    desk = RoleDesk("low", played.append)
    asked: list[tuple[Role, RoleAnswer]] = [("right", "declined"), ("low", "taken"), ("left", "declined")]
    for rev, (role, answer) in enumerate(asked, 1):
        desk.heard(RoleRequest(role, 0, 1, rev), ADA, ADA, rev * 600_000.0)
        assert desk.told == ToldRole("low", answer=(QueueStamp(1, ADA, rev), answer))
    assert set(played) == {"low"}
    desk.choose("left")
    desk.heard(RoleRequest("right", 1, 1, 4), ADA, ADA, 0)
    assert (desk.told.role, played[-1]) == ("left", "left")


def test_a_new_role_is_told_again_after_each_of_a_few_pauses_twice_as_long() -> None:
    """[R9]"""
    news = RoleNews()
    assert not news.is_due(None, 0)
    told_ms = [ms for ms in range(0, 120_000, 100) if news.is_due(ToldRole("left"), ms)]
    assert told_ms == [HEARTBEAT_PERIOD_MS * 2**repeat for repeat in range(ROLE_REPEATS)]
    assert not news.is_due(ToldRole("right"), 120_000)  # new, which is news by itself
    assert news.is_due(ToldRole("right"), 120_000 + HEARTBEAT_PERIOD_MS)
