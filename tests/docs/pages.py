"""The documentation as tests see it: pages, their links and headings, and the commands people are to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Written for people to follow. Decisions are left as they were written, so their commands may be history.
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if (ROOT / "docs" / "decisions") not in path.parents
)
ALL_PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))

# What begins a command when it stands in a sentence. In a block of shell every line is one.
PROGRAMS = (
    *("make", "python", "unisono", "pip", "npm", "node", "git", "cd", "sh", "openssl", "curl", "sudo"),
    *(
        "apt-get",
        "systemctl",
        "journalctl",
        "systemd-analyze",
        "systemd-creds",
        "useradd",
        "install",
        "sysctl",
        "ulimit",
    ),
    *(
        "docker",
        "podman",
        "kubectl",
        "helm",
        "caddy",
        "haproxy",
        "nginx",
        "turnserver",
        "promtool",
        "ufw",
        "nft",
        "certbot",
    ),
)
SHELLS = ("sh", "bash", "shell", "console")

_FENCE = re.compile(
    r"^ *(?P<mark>```|~~~)(?P<language>\w*)[^\n]*\n(?P<body>.*?)^ *(?P=mark)\s*$", re.MULTILINE | re.DOTALL
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
_LINK = re.compile(r'!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+"[^"]*")?\)')
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_COMMENT = re.compile(r"(^|\s+)#\s.*$")


def commands(text: str) -> Iterator[str]:
    """Every command of a page: the lines of its shell blocks, and what reads like one in its sentences."""
    for fence in _FENCE.finditer(text):
        if fence["language"] in SHELLS:
            yield from lines_of(fence["body"], is_dialogue=fence["language"] == "console")
    for match in _INLINE.finditer(_FENCE.sub("", text)):
        words = match[1].split()
        if len(words) > 1 and words[0].rpartition("/")[2] in (*PROGRAMS, "pytest"):
            yield " ".join(words)


def lines_of(body: str, *, is_dialogue: bool) -> Iterator[str]:
    """The commands of one block; in a dialogue only what follows a `$`, as the rest is what was answered."""
    for line in body.replace("\\\n", " ").splitlines():
        if is_dialogue and not line.strip().startswith("$ "):
            continue
        command = _COMMENT.sub("", line.strip().removeprefix("$ ")).strip()
        if command:
            yield " ".join(command.split())


def links(text: str) -> Iterator[str]:
    """Where a page's links and pictures lead, without what lies in blocks of code."""
    for match in _LINK.finditer(_FENCE.sub("", text)):
        yield match[1]


def anchors(text: str) -> set[str]:
    """The ids that a repository browser gives a page's headings."""
    found: dict[str, int] = {}
    for match in _HEADING.finditer(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1])
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            found[f"{slug}-{found[slug]}"] = 0
    return set(found)
