"""Each command in the documentation is run here, as far as that is possible within seconds, or is named with
the reason why it is not. A command that nobody has thought of fails.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.docs.pages import PAGES, ROOT, commands
from unisono.cli import make_parser, read_config
from unisono.errors import StartError

LIMIT_SEC = 60.0

# Proved elsewhere, by a test that exists.
PROVED_BY = {
    r"pip install (\S*/)?dist/\*\.whl": (
        "tests/test_package.py::test_the_installed_server_serves_the_page_and_lets_a_peer_in"
    ),
}

# Done within a second, printing and no more.
QUICK_SCRIPTS = ("scripts/hashes.py", "scripts/sbom.py", "scripts/gen_protocol.py")

# Patterns of whole commands, and why nothing of them can run here.
ELSEWHERE = {
    r"(sudo )?apt-get .*": "changes the system",
    r"(sudo )?(systemctl|journalctl|systemd-\w+|useradd|sysctl|ufw|nft|ulimit|install) .*": "is about a host",
    r"(sudo )?(docker|podman|kubectl|helm) .*": "needs a daemon or a cluster",
    r"(caddy|certbot|nginx) .*": "needs that program and a host with a name",
    r"promtool .*": "needs Prometheus",
    r"curl .*": "asks a server by its public name",
    r"turnserver .*": "opens a relay; tests/e2e/test_nat.py runs one with the shipped configuration",
    r"git (tag|push|clone|commit) .*": "changes a repository, or fetches one",
    r"\. \.venv/bin/activate": "changes the shell it is typed in",
    r"cd web && .*vite\.js": "serves until it is stopped",
    r"cd web && .*vitest\.mjs run .*": "runs tests, which `make test` does anyway",
    r"npm (ci|install) .*": "fetches packages",
    r"node .*": "needs a build of a page for tests, or runs for minutes",
    r"pip install '?unisono.*": "fetches a released package",
    r"python -m sounddevice": "lists the sound devices of a host",
    r"python scripts/lock\.py": "asks the package registry for every pinned wheel",
    r"python scripts/gallery\.py": "drives browsers for minutes",
}


def pattern_of(command: str, table: dict[str, str]) -> str | None:
    return next((pattern for pattern in table if re.fullmatch(pattern, command)), None)


def run(*words: str) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SEC, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- how each kind is run -----------------------------------------------------------------------------------


def make_dry(words: list[str]) -> None:
    """`make` says what it would do; it fails for a target that is not there."""
    run("make", "--dry-run", *words[1:])


class _ParsedError(Exception):
    """The command line was read to its end."""


def python(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    match words[1:]:
        case ["-m", "unisono", *rest]:
            unisono(["unisono", *rest], monkeypatch)
        case ["-m", module, *_]:
            read_command_line(module, words[3:], monkeypatch)
        case [script, *rest]:
            assert script in QUICK_SCRIPTS, f"{script} is not known to be quick and to change nothing"
            run(sys.executable, script, *rest)


def read_command_line(module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to where a benchmark has understood its arguments."""
    name = f"{module}.__main__" if (ROOT / module).is_dir() else module
    loaded = importlib.import_module(name)
    assert loaded.__file__
    assert "parse_args" in Path(loaded.__file__).read_text(encoding="utf-8"), (
        f"{module} reads no command line"
    )
    original = argparse.ArgumentParser.parse_args

    def parse(parser: argparse.ArgumentParser, *given: Any) -> NoReturn:
        original(parser, *given)
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    with pytest.raises(_ParsedError):
        loaded.main()


def unisono(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Options and values are read as the command reads them; files of a host are stood in for.

    A bare name, which may stand for more, has its help.
    """
    if len(words) == 2 and not words[1].startswith("-"):
        with pytest.raises(SystemExit, match=r"^0$"):
            make_parser().parse_args([words[1], "--help"])
        return
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"a secret")
    arguments = vars(make_parser().parse_args(words[1:]))
    if words[1] == "serve":
        read_config(arguments, {})


def pytest_finds(words: list[str]) -> None:
    """The files named have a test of the name asked for; collecting them takes too long here."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("paths", nargs="*")
    arguments.add_argument("-k", default="")
    asked = arguments.parse_args(words[1:])
    for path in asked.paths:
        assert re.search(rf"def test_\w*{asked.k}", (ROOT / path).read_text(encoding="utf-8"))


def where_installed(words: list[str]) -> None:
    if shutil.which(words[0], path="/usr/sbin:/usr/bin:/usr/local/bin") is None:
        pytest.skip(f"{words[0]} is not installed here")
    run(*words)


RUNNERS: dict[str, Callable[[list[str], pytest.MonkeyPatch], None]] = {
    "make": lambda words, _: make_dry(words),
    "python": python,
    "unisono": unisono,
    "pytest": lambda words, _: pytest_finds(words),
    "openssl": lambda words, _: where_installed(words),
    "haproxy": lambda words, _: where_installed(words),
}


def attempt(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if pattern_of(command, ELSEWHERE):
        return
    if proof := pattern_of(command, PROVED_BY):
        path, _, name = PROVED_BY[proof].partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
        return
    words = shlex.split(re.sub(r"\s+[>|].*$", "", command))
    runner = RUNNERS.get(words[0].rpartition("/")[2])
    assert runner, f"nobody has said how `{command}` is tried, or why it is not: see {Path(__file__).name}"
    runner(words, monkeypatch)


FOUND = sorted({command for page in PAGES for command in commands(page.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("command", FOUND)
def test_a_command_in_the_documentation_does_what_it_says(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt(command, monkeypatch)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("make tea", AssertionError),
        ("unisono serve --prot 80", StartError),
        ("unisono serve --port many", StartError),
        ("python -m bench.clock --days 3", SystemExit),
        ("frobnicate now", AssertionError),
    ],
)
def test_a_command_that_does_not_work_is_found(
    wrong: str, fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(fault):
        attempt(wrong, monkeypatch)


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    page = (
        "Type `make run`, not `make`, or\n`unisono serve\n--port 1`.\n\n"
        "```sh\nmake test   # the tests\ncurl -I \\\n  http://x\n```\n\n"
        "```console\n$ unisono --version\nunisono 1\n```\n\n```\nmake nothing\n```\n"
    )
    assert list(commands(page)) == [
        *("make test", "curl -I http://x", "unisono --version"),
        *("make run", "unisono serve --port 1"),
    ]
