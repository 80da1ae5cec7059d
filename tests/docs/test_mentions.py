"""What comments and pages name is there: files by path or name, decisions by number, nothing outside."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.docs.pages import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
NAMES = {path.rpartition("/")[2] for path in TRACKED}
DECISIONS = {match[1] for path in TRACKED if (match := re.match(r"docs/decisions/(\d{4})-", path))}
GENERATED = {"sw.js"}
# Where a path may start from, besides the root: pages and comments shorten those of the two programs.
ROOTS = ("", "web/src/", "web/", "src/unisono/", "src/unisono/peer/", "docs/")
TEXTS = [
    path
    for path in TRACKED
    if re.search(r"\.(ts|tsx|mjs|py|md|yml|yaml|cfg|html|css)$", path)
    and not re.search(r"^(findings|docs/decisions)/|CHANGELOG|package-lock|\.gen\.ts$", path)
]

COMMENT = re.compile(
    r"/\*[\s\S]*?\*/|(?<!:)//.*$|^\s*#.*$|\"\"\"[\s\S]*?\"\"\"|<!--[\s\S]*?-->", re.MULTILINE
)
PATH = re.compile(r"(?<![\w./:@*-])((?:[\w-]+/)+[\w.-]+\.(?:ts|tsx|mjs|py|md))(?![\w/*])")
BARE = re.compile(
    r"(?<![\w./:@*<-])([\w-]+(?:\.(?:worker|gen|test|worklet|vite))?\.(?:ts|tsx|mjs))(?![\w/*])"
)
DECISION = re.compile(r"decisions? (\d{4})")
# Designs and collections that people who have the repository do not have.
OUTSIDE = re.compile(
    r"\bDESIGN(?:\.md)? ?§|\bDESIGN\.md|\bNEXT\.md|\bCONTRACT\b(?!_)|\bresearch/|\.\./shared"
)


def said_in(path: str) -> str:
    """All of a page; of a program its comments."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return text if path.endswith(".md") else "\n".join(COMMENT.findall(text))


def missing(text: str, path: str = "") -> list[str]:
    """What the text names that is not there. `path`: the text's own, whose folder paths may start from."""
    folder = path.rpartition("/")[0]
    roots = (*ROOTS, *([f"{folder}/"] if folder else []))
    found = [
        named for named in PATH.findall(text) if not any((ROOT / root / named).exists() for root in roots)
    ]
    found += [named for named in BARE.findall(text) if named not in NAMES | GENERATED]
    found += [f"decision {number}" for number in DECISION.findall(text) if number not in DECISIONS]
    return found + OUTSIDE.findall(text)


def test_what_comments_and_pages_name_is_there() -> None:
    wrong = {path: found for path in TEXTS if (found := missing(said_in(path), path))}
    assert wrong == {}


@pytest.mark.parametrize(
    "said",
    [
        "see docs/gone.md",
        "as web/src/timing/gone.ts has it",
        "(gone-file.ts)",
        "decision 9999",
        "DESIGN §3",  # a document outside the repository: such a reference must be found
        "research/x",
    ],
)
def test_a_mention_of_nothing_is_found(said: str) -> None:
    assert missing(said)


@pytest.mark.parametrize("said", ["docs/README.md", "clock/probe.ts", "(annotations.ts)", "decision 0022"])
def test_a_mention_of_what_is_there_is_not(said: str) -> None:
    assert missing(said) == []
