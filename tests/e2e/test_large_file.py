"""A file far larger than the memory a page should take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.browsers.device import WAIT_LIMIT_SEC, Device, wait_for_all
from lab.browsers.process_tree import processes_marked
from lab.file_room import MIB, FileRoom, make_noise
from lab.room import has_peers

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SIZE_MIB = 200
MOST_GROWTH_MIB = 150
LONG_WAIT_SEC = 5 * WAIT_LIMIT_SEC
POLL_MS = 500.0


def test_two_hundred_megabytes_arrive_in_a_page_that_grows_by_less(
    file_room: FileRoom, tmp_path: Path
) -> None:
    """With OPFS: bo's heap and all processes of bo's browser are watched until the file is whole."""
    ada, bo = file_room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    assert bo.page.evaluate("isSecureContext && 'storage' in navigator")
    path = make_noise(tmp_path / "long.mp3", SIZE_MIB * MIB)
    before_mib = memory_mib(bo)
    ada.add_file(path)
    highest = [max(seen) for seen in zip(*watch(bo, path.name), strict=True)]
    growth = [most - before for most, before in zip(highest, before_mib, strict=True)]
    print(f"\nof {SIZE_MIB} MiB: heap +{growth[0]:.0f} MiB, renderers +{growth[1]:.0f} MiB")
    assert max(growth) <= MOST_GROWTH_MIB
    assert bo.errors == []


def watch(device: Device, file_name: str) -> Iterator[tuple[float, float]]:
    """Its memory until it holds the file."""
    yield memory_mib(device)
    for _ in range(round(LONG_WAIT_SEC * 1000 / POLL_MS)):
        file = device.file(file_name)
        yield memory_mib(device)
        if file is not None and file["seeded"]:
            return
        device.page.wait_for_timeout(POLL_MS)
    raise TimeoutError(f"{device.name} does not hold {file_name}:\n{device.report([device.snapshot()])}")


def memory_mib(device: Device) -> tuple[float, float]:
    """JavaScript heap, and what the renderer processes have resident of their own."""
    session = device.context.new_cdp_session(device.page)
    heap_bytes = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    resident_kib = sum(private_kib(pid) for pid in processes_marked(device.mark) if is_renderer(pid))
    return heap_bytes / MIB, resident_kib / 1024


def is_renderer(pid: int) -> bool:
    try:
        return b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def private_kib(pid: int) -> int:
    """Resident and not shared with anyone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
