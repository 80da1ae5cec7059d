"""What log lines and metrics look like, and what never gets into them."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from unisono.log import log_event, log_failure, start_logging
from unisono.metrics import Metrics, Present


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to stderr once logging has started."""
    stderr = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    root.handlers.clear()  # pytest's own, which would be closed for good
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        start_logging()
    yield stderr
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks


def test_a_line_is_a_time_a_level_an_event_and_fields(written: io.StringIO) -> None:
    log_event("session-ended", code=4400, why="two words")
    line = written.getvalue()
    assert line.split(" ", 2)[1:] == ["INFO", 'session-ended code=4400 why="two words"\n']
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line)


def test_as_json_a_line_is_an_object_with_the_fields_beside_the_event(
    written: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("json")
    log_event("session-ended", code=4400, why="two words")
    logging.getLogger("unisono").warning("stun-off UDP port %d: taken", 3478)
    log_failure("session-failed", RuntimeError("a bug"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [set(line) for line in lines] == [
        {"at", "level", "event", "code", "why"},
        {"at", "level", "event", "words"},
        {"at", "level", "event", "type", "traceback"},
    ]
    assert (lines[0]["event"], lines[0]["code"]) == ("session-ended", 4400)
    assert (lines[1]["event"], lines[1]["words"]) == ("stun-off", "UDP port 3478: taken")
    assert written.getvalue() == ""


def test_what_aiohttp_says_about_a_peer_is_reduced_to_the_kind_of_failure(written: io.StringIO) -> None:
    failure = ValueError("what 192.0.2.7 sent")
    logging.getLogger("aiohttp.server").error("Error from %s", "192.0.2.7", exc_info=failure)
    line = written.getvalue()
    assert "192.0.2.7" not in line
    assert "failure=ValueError" in line
    assert line.count("\n") == 1


def test_requests_that_are_none_write_nothing(written: io.StringIO) -> None:
    """Or a stranger could fill the disk."""
    for failure in (BadHttpMessage("what 192.0.2.7 sent"), web.RequestPayloadError("that, too")):
        logging.getLogger("aiohttp.server").error("Error from %s", "192.0.2.7", exc_info=failure)
    assert written.getvalue() == ""


SECRETS = ("5" * 32, "192.0.2.7", "swarm key")


def raise_everything() -> None:
    """An error from an error, in a group, each of which says something it must not."""
    try:
        dict[str, int]()[SECRETS[0]]
    except KeyError as first:
        raise ExceptionGroup(SECRETS[2], [ValueError(SECRETS[1]), first]) from first


def test_an_unexpected_failure_is_logged_with_its_place_and_without_its_words(written: io.StringIO) -> None:
    """[B8]"""
    try:
        raise_everything()
    except ExceptionGroup as failure:
        log_failure("session-failed", failure)
    text = written.getvalue()
    assert "ERROR session-failed type=ExceptionGroup" in text
    assert "in raise_everything" in text
    assert all(kind in text for kind in ("KeyError", "ValueError", "and from that"))
    assert not any(secret in text for secret in SECRETS)


def test_what_asyncio_says_of_a_failure_holds_its_place_and_not_its_words(written: io.StringIO) -> None:
    async def fail() -> None:
        raise KeyError(SECRETS[0])

    async def leave_a_task_behind() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        del task
        gc.collect()
        asyncio.get_running_loop().call_soon(raise_everything)
        await asyncio.sleep(0)

    asyncio.run(leave_a_task_behind())
    text = written.getvalue()
    assert "failure=KeyError" in text
    assert "failure=ExceptionGroup" in text
    assert "in raise_everything" in text
    assert not any(secret in text for secret in SECRETS)


def test_the_last_words_of_the_process_are_no_others(written: io.StringIO) -> None:
    kind, failure = KeyError, KeyError(SECRETS[0])
    sys.excepthook(kind, failure, None)
    assert "failed type=KeyError" in written.getvalue()
    assert SECRETS[0] not in written.getvalue()


class Finalized:
    def __del__(self) -> None:
        raise_everything()


def test_what_nobody_can_catch_keeps_its_words_to_itself(written: io.StringIO) -> None:
    Finalized()
    thread = threading.Thread(target=raise_everything)
    thread.start()
    thread.join()
    text = written.getvalue()
    assert text.count("failed type=ExceptionGroup") == 2
    assert not any(secret in text for secret in SECRETS)


def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics = Metrics(connections=3)
    for _ in range(5):
        metrics.received("ping", 30)
    metrics.sent("pong", 90)
    metrics.closes["slow_reader"] += 1
    metrics.clock_service.observe(0.000_03)
    metrics.clock_service.observe(7.0)
    present = Present(swarm_sizes={2: 3, 5: 1}, queues_bytes=[0, 70, 7], is_draining=True)
    lines = metrics.render(present, "1.2.3").splitlines()
    assert "unisono_connections 3" in lines
    assert "unisono_swarms 4" in lines
    assert "unisono_members 11" in lines
    assert [line.split(" ")[1] for line in lines if line.startswith("unisono_swarms_by_size{")] == list(
        "03344444"
    )
    assert "unisono_queue_bytes 77" in lines
    assert "unisono_queue_bytes_max 70" in lines
    assert "unisono_draining 1" in lines
    assert 'unisono_received_bytes_total{type="ping"} 150' in lines
    assert 'unisono_messages_sent_total{type="pong"} 1' in lines
    service = [
        line.rpartition(" ")[2] for line in lines if line.startswith("unisono_clock_service_seconds_b")
    ]
    assert service == ["0", *["1"] * 9, "2"]
    assert "unisono_clock_service_seconds_sum 7.00003" in lines
    assert 'unisono_messages_received_total{type="ping"} 5' in lines
    assert 'unisono_closes_total{reason="slow_reader"} 1' in lines
    assert 'unisono_build_info{version="1.2.3"} 1' in lines
    names = [line.split(" ")[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert all(line.startswith(("# ", "unisono_", "process_")) for line in lines)
    assert all(
        re.fullmatch(r'[a-z_]+(\{[a-z_]+="[^"]+"\})? [0-9.e+-]+', line) for line in lines if line[0] != "#"
    )
