"""The vectors of queue and programme, which the web app writes: a headless peer arrives at the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from unisono.peer.constants.director import MAX_QUEUE_DONE
from unisono.peer.errors import WireError
from unisono.peer.peer_message import decode_message, encode_message
from unisono.peer.plan import Plan, Record
from unisono.peer.programme import Stretch, current_at, programme, programme_end_us
from unisono.peer.queue import (
    Add,
    Asking,
    Boost,
    Clear,
    Lock,
    Move,
    Queue,
    QueueEntry,
    QueueOp,
    QueueRequest,
    QueueStamp,
    Remove,
    apply_request,
    stamped,
    take_out,
)
from unisono.peer.queue_message import QueueAsk

VECTORS = Path(__file__).parents[2] / "vectors"
QUEUE = json.loads((VECTORS / "queue.json").read_text())
PROGRAMME = json.loads((VECTORS / "programme.json").read_text())


def op_of(told: dict[str, Any]) -> QueueOp:
    match told["type"]:
        case "add":
            return Add(told["fileId"], told["durationUs"], told["place"])
        case "remove":
            return Remove(told["entryId"])
        case "move":
            return Move(told["entryId"], told["beforeId"])
        case "boost":
            return Boost(told["entryId"], told["isOn"])
        case "clear":
            return Clear()
        case _:
            return Lock(told["isLocked"])


def request_of(told: dict[str, Any]) -> QueueRequest:
    return QueueRequest(told["requestId"], op_of(told["op"]))


def asking_of(told: dict[str, Any]) -> Asking:
    return Asking(told["by"], told["isDirector"], told["currentId"])


def entry_of(told: dict[str, Any]) -> QueueEntry:
    return QueueEntry(
        told["entryId"],
        told["fileId"],
        told["addedBy"],
        told["durationUs"],
        told["skipped"],
        tuple(told["boosts"]),
    )


def queue_of(told: dict[str, Any]) -> Queue:
    stamp = told["stamp"]
    return Queue(
        QueueStamp(stamp["term"], stamp["userId"], stamp["rev"]) if stamp else None,
        told["isLocked"],
        tuple(entry_of(each) for each in told["entries"]),
        tuple(entry_of(each) for each in told["played"]),
        tuple(told["done"]),
    )


def order_of(queue: Queue) -> dict[str, Any]:
    return {
        "isLocked": queue.is_locked,
        "entries": [f"{entry.entry_id}+{len(entry.boosts)}" for entry in queue.entries],
        "played": len(queue.played),
        "done": len(queue.done),
    }


def test_requests_are_carried_out_as_on_a_page() -> None:
    """[Q2] [Q4] [Q5] [Q6] [Q7] [Q9] [Q10] [Q11]"""
    record = QUEUE["record"]
    queue = stamped(Queue(), Record(record["term"], record["userId"]))
    for step in QUEUE["steps"]:
        if "takeOut" in step:
            queue = take_out(queue, *step["takeOut"])
        else:
            queue, refusal = apply_request(queue, request_of(step["request"]), asking_of(step["asking"]))
            assert refusal == step["refusal"]
        assert order_of(queue) == step["order"]
    assert queue == queue_of(QUEUE["queue"])
    assert len(queue.done) <= MAX_QUEUE_DONE


def test_a_full_queue_has_the_same_limits_and_fits_one_message() -> None:
    """[Q8] [Q12]"""
    full = decode_message(bytes.fromhex(QUEUE["full"]))
    assert isinstance(full, Queue)
    assert len(full.entries) == 200
    assert len(QUEUE["full"]) // 2 < 16 * 1024
    for each in QUEUE["limits"]:
        _, refusal = apply_request(full, request_of(each["request"]), asking_of(each["asking"]))
        assert refusal == each["refusal"]


def test_a_queue_is_the_same_bytes() -> None:
    for text in (QUEUE["bytes"], QUEUE["full"]):
        queue = decode_message(bytes.fromhex(text))
        assert isinstance(queue, Queue)
        assert encode_message(queue).hex() == text
    assert decode_message(bytes.fromhex(QUEUE["bytes"])) == queue_of(QUEUE["queue"])


def test_requests_are_the_same_bytes() -> None:
    for each in QUEUE["requests"]:
        request = request_of(each["request"])
        assert encode_message(request).hex() == each["bytes"]
        assert decode_message(bytes.fromhex(each["bytes"])) == request
    assert decode_message(encode_message(QueueAsk())) == QueueAsk()


@pytest.mark.parametrize("kind", ["bytes", "full"])
def test_a_queue_that_is_cut_or_runs_over_is_refused(kind: str) -> None:
    content = bytes.fromhex(QUEUE[kind])
    for wrong in (content[:-1], content + b"\0", content[:30]):
        with pytest.raises(WireError):
            decode_message(wrong)


def plan_of(told: dict[str, Any]) -> Plan:
    return Plan(
        told["term"],
        told["rev"],
        told["clockId"],
        told["fileId"],
        told["state"],
        told["globalStartUs"],
        told["positionUs"],
        told["entryId"],
        told["repeat"],
        tuple(told["loopUs"]) if told["loopUs"] else None,
        told["tempo"],
        told["crossfadeMs"],
    )


def stretch_of(told: dict[str, Any]) -> Stretch:
    return Stretch(
        told["entryId"],
        told["fileId"],
        told["lap"],
        told["startUs"],
        math.inf if told["endUs"] is None else told["endUs"],
        told["positionUs"],
        told["tempo"],
        told["fadeInUs"],
        told["fadeOutUs"],
    )


def test_the_programme_is_the_same_to_the_last_bit() -> None:
    """[Q13] [Q14] [Q15] [Q16] [Q17] [Q18] [Q19] [Q20]"""
    for case in PROGRAMME["cases"]:
        plan, queue = plan_of(case["plan"]), decode_message(bytes.fromhex(case["queue"]))
        assert isinstance(queue, Queue)
        stretches = programme(plan, queue, *case["window"])
        assert len(stretches) == case["count"]
        assert stretches[:6] == [stretch_of(each) for each in case["stretches"]]
        current = current_at(plan, queue, case["window"][0])
        assert current == (stretch_of(case["current"]) if case["current"] else None)
        end_us = programme_end_us(plan, queue)
        assert end_us == (math.inf if case["endUs"] is None else case["endUs"])
