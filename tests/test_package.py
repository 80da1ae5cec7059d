"""What people install: the sdist and the wheel, built from a copy of the checkout and run where there is no
Node.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec
import pytest

from lab.joiner import Joiner
from lab.server_process import ServerProcess
from unisono.app import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).resolve().parents[1]

# Installed, built or of no use to a package; node_modules above all, which belongs to whoever works in the
# checkout.
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".make", "node_modules", "_web", "dist", "__pycache__", ".*_cache", ".hypothesis", "out"
)

# A first visit downloads about 60 kB; the wheel holds that three times over (plain, .br, .gz), the part that
# loads later, and the server. Beyond this something is inside that does not belong there.
MAX_WHEEL_BYTES = 1_500_000

ANSWER_LIMIT_SEC = 30.0


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel made from that sdist, as `make package` makes them; before a
    release, the ones that are about to be published.
    """
    if published := os.environ.get("UNISONO_DIST"):
        return Path(published)
    checkout = tmp_path_factory.mktemp("package") / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED)
    build = [sys.executable, "-m", "build"]
    run = subprocess.run(build, cwd=checkout, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return checkout / "dist"


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    [path] = dist.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new virtual environment with the wheel, installed where there is no Node."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=True)
    bin_folder = home / "bin"
    environment = without_node(bin_folder)
    assert shutil.which("node", path=environment["PATH"]) is None
    pip = [str(bin_folder / "python"), "-m", "pip", "--disable-pip-version-check"]
    run = subprocess.run(
        [*pip, "install", "--quiet", wheel], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return bin_folder


def without_node(bin_folder: Path) -> dict[str, str]:
    """This process's environment, with nothing on the PATH but one folder."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return {**kept, "PATH": str(bin_folder)}


def test_the_wheel_holds_the_page_its_hashed_files_and_their_compressed_siblings(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "unisono/_web/index.html" in names
    scripts = [name for name in names if re.fullmatch(r"unisono/_web/assets/.+-[\w-]{8,}\.js", name)]
    assert scripts
    for name in ("unisono/_web/index.html", *scripts):
        assert {f"{name}.br", f"{name}.gz"} <= names


def test_the_wheel_holds_the_server_with_its_types_and_its_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for source in (ROOT / "src").rglob("*.py"):
        assert source.relative_to(ROOT / "src").as_posix() in names
    assert "unisono/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    """Source maps stay out as well: they would treble its size, and the sources are public."""
    allowed = re.compile(
        r"unisono/((peer/(constants/)?|workers/)?\w+\.py|py\.typed|_web/[\w./-]+\.(html|js|css|svg|png|ico|json|webmanifest|txt|wasm|mp3|wav)(\.br|\.gz)?)"
        r"|unisono-[\w.+]+\.dist-info/[\w./-]+"
    )
    strangers = [name for name in zipfile.ZipFile(wheel).namelist() if not allowed.fullmatch(name)]
    assert strangers == []


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= MAX_WHEEL_BYTES


def test_the_sdist_carries_the_built_page_and_no_sources_of_it(dist: Path) -> None:
    """So that installing from it needs no Node either."""
    [path] = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert "src/unisono/_web/index.html" in names
    assert not [name for name in names if name.startswith(("web/", "tests/")) or "node_modules" in name]


def test_no_path_of_the_builder_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert str(wheel.parents[1]).encode() not in archive.read(name), name


def test_the_page_carries_the_policy_of_the_server_s_header(wheel: Path) -> None:
    """For hosts that send no headers; `frame-ancestors` counts in a header only. Nothing in it is unsafe."""
    with zipfile.ZipFile(wheel) as archive:
        page = html.unescape(archive.read("unisono/_web/index.html").decode())
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    header = CONTENT_SECURITY_POLICY.split("; ")
    assert policy.split("; ") == [each for each in header if not each.startswith("frame-ancestors")]
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


def test_the_page_is_built_alike_in_another_folder_at_another_time(wheel: Path) -> None:
    """Whoever builds this version has the same bytes; scripts/hashes.py prints their hashes."""
    built = ROOT / "src" / "unisono" / "_web"
    here = {
        path.relative_to(built).as_posix(): path.read_bytes() for path in built.rglob("*") if path.is_file()
    }
    with zipfile.ZipFile(wheel) as archive:
        prefix = "unisono/_web/"
        there = {
            name.removeprefix(prefix): archive.read(name)
            for name in archive.namelist()
            if name.startswith(prefix)
        }
    assert there == here


async def test_the_installed_server_serves_the_page_and_lets_a_peer_in(
    installed: Path, start_server: Callable[..., ServerProcess]
) -> None:
    server = start_server(command=[str(installed / "unisono")], env=without_node(installed))
    async with aiohttp.ClientSession() as http, asyncio.timeout(ANSWER_LIMIT_SEC):
        async with http.get(f"{server.url}/") as answer:
            page = await answer.text()
            assert answer.status == 200
        [script] = re.findall(r'<script[^>]* src="\./(assets/[^"]+\.js)"', page)
        async with http.get(f"{server.url}/{script}") as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
        async with http.get(f"{server.url}/healthz") as answer:
            assert answer.status == 200
        async with http.ws_connect(server.control_url) as ada:
            await ada.send_json(Joiner("ada").join((await ada.receive()).data))
            assert msgspec.json.decode((await ada.receive()).data)["type"] == "welcome"
            await ada.send_json({"type": "ping", "id": 1, "t0": 0})
            pong = msgspec.json.decode((await ada.receive()).data)
            assert 0 < pong["t1"] <= pong["t2"]
    assert await asyncio.to_thread(server.stop) == 0
