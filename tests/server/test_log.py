"""What log lines and metrics look like, and what never gets into them."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

from unisono.log import log_event, log_failure, start_logging
from unisono.metrics import Metrics


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to stderr once logging has started."""
    stderr = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # pytest's own, which would be closed for good
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        start_logging()
    yield stderr
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_a_time_a_level_an_event_and_fields(written: io.StringIO) -> None:
    log_event("session-ended", code=4400, why="two words")
    line = written.getvalue()
    assert line.split(" ", 2)[1:] == ["INFO", 'session-ended code=4400 why="two words"\n']
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line)


def test_what_aiohttp_says_about_a_peer_is_reduced_to_the_kind_of_failure(written: io.StringIO) -> None:
    failure = ValueError("what 192.0.2.7 sent")
    logging.getLogger("aiohttp.server").error("Error from %s", "192.0.2.7", exc_info=failure)
    line = written.getvalue()
    assert "192.0.2.7" not in line
    assert "failure=ValueError" in line
    assert line.count("\n") == 1


def test_an_unexpected_failure_is_logged_with_its_traceback(written: io.StringIO) -> None:
    log_failure("session-failed", RuntimeError("a bug"))
    text = written.getvalue()
    assert "ERROR session-failed type=RuntimeError" in text
    assert "RuntimeError: a bug" in text


def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics = Metrics(connections=3, received_bytes=70)
    metrics.messages_received.update(ping=5, join=1)
    metrics.closes["slow_reader"] += 1
    lines = metrics.render(swarms=1, members=2, version="1.2.3").splitlines()
    assert "unisono_connections 3" in lines
    assert "unisono_swarms 1" in lines
    assert "unisono_members 2" in lines
    assert 'unisono_messages_received_total{type="ping"} 5' in lines
    assert 'unisono_closes_total{reason="slow_reader"} 1' in lines
    assert 'unisono_build_info{version="1.2.3"} 1' in lines
    names = [line.split(" ")[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert all(line.startswith(("# ", "unisono_")) for line in lines)
