"""A bulk Worker that breaks in use: another takes its place, then the page, and nobody has to hear of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Worker

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.file_room import PIECE_BYTES, FileRoom, give_little, make_noise
from lab.room import has_peers

pytestmark = [pytest.mark.e2e, pytest.mark.shares]

SIZE_BYTES = 4 * 1024**2 + 7
BROKEN = "broken by the test"


def test_a_bulk_worker_that_breaks_is_replaced_and_the_file_goes_on(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """[S62] The receiver's breaks, then the giver's twice: her page goes on without, with what she has."""
    noise = make_noise(tmp_path / "noise.mp3", SIZE_BYTES)
    start = make_noise(tmp_path / "start.mp3", PIECE_BYTES, seed=2)
    ada, bo = file_room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    ada.add_file(start)
    bo.wait_for_seeded(start.name)
    give_little(ada)
    ada.add_file(noise)
    ada.wait_for_seeded(noise.name)

    held_bytes = more_than(bo, 0)
    break_worker(bo)
    held_bytes = more_than(bo, held_bytes)
    for _ in range(2):
        break_worker(ada)
        held_bytes = more_than(bo, held_bytes)
    assert held_bytes < SIZE_BYTES
    assert all(file["seeded"] for file in ada.snapshot()["files"])
    assert bulk_worker(bo) is not None
    assert bulk_worker(ada) is None

    ada.page.get_by_role("switch", name="Give little", exact=True).click()
    bo.wait_for_seeded(noise.name)
    # What was here at a break was not fetched again.
    assert bo.snapshot()["transfer"]["receivedBytes"] < SIZE_BYTES + 12 * PIECE_BYTES
    for device in (ada, bo):
        assert [each for each in device.errors if BROKEN not in each] == []


def more_than(bo: Device, held_bytes: int) -> int:
    def held(shot: Snapshot) -> int:
        return sum(file["heldBytes"] for file in shot["files"] if file["sizeBytes"] == SIZE_BYTES)

    return held(bo.wait_for(lambda shot: held(shot) > held_bytes, f"to hold more than {held_bytes} bytes"))


def bulk_worker(device: Device) -> Worker | None:
    return next((each for each in device.page.workers if re.search(r"bulk\.worker", each.url)), None)


def break_worker(device: Device) -> None:
    worker = bulk_worker(device)
    assert worker is not None, f"{device.name} has no bulk Worker"
    with worker.expect_event("close"):
        worker.evaluate(f"() => {{ setTimeout(() => {{ throw new Error('{BROKEN}') }}) }}")


@pytest.mark.long
def test_a_bulk_worker_that_ends_without_a_word_is_missed(file_room: FileRoom, tmp_path: Path) -> None:
    """[S62] No event tells of it: it is replaced once it has not answered for a while."""
    noise = make_noise(tmp_path / "noise.mp3", SIZE_BYTES)
    ada, bo = file_room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    worker = bulk_worker(bo)
    assert worker is not None, "bo has no bulk Worker"
    with worker.expect_event("close"):
        worker.evaluate("() => { setTimeout(() => close()) }")
    ada.add_file(noise)
    bo.wait_for_seeded(noise.name)
    assert bulk_worker(bo) not in (None, worker)
