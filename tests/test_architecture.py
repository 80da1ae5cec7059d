"""The shape of the Python source: what may import what, and that pure cores are told the time."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "unisono"
MODULES = {path.relative_to(SRC).with_suffix("").as_posix(): path for path in sorted(SRC.rglob("*.py"))}
SERVER_PURE = (
    *("protocol", "errors", "config", "swarm", "registry", "limits", "drain", "admission", "ice"),
    *("addresses", "upgrade_queue", "backlog", "fan_out", "workers/routing"),
)
PEER_PURE = tuple(
    f"peer/{name}"
    for name in (
        *(
            "alignment",
            "anchor",
            "annotations",
            "announcement",
            "ctl",
            "director",
            "downloads",
            "downmix",
            "draft",
            "encoding",
            "json_wire",
        ),
        *("envelope", "errors", "file_state", "key", "keys", "known_files", "manifest", "member_budgets"),
        *(
            "offset",
            "output_clock",
            "pacer",
            "path_watch",
            "peer_comparison",
            "peer_message",
            "pings",
            "plan",
        ),
        *(
            "plan_policy",
            "playback_clock",
            "playback_controller",
            "rate_converter",
            "roster",
            "render",
            "remember",
            "safe_text",
            "send_scheduler",
            "signal",
            "song",
            "sound",
            "decode_protocol",
        ),
        *("byte_reader", "heartbeat_message", "queue_message"),
        *(
            "lane",
            "low_band",
            "programme",
            "programme_needs",
            "queue",
            "queue_keeper",
            "queue_policy",
            "queue_register",
            "queue_requests",
            *("own_role", "role_assignments", "role_message", "role_part"),
        ),
        *("stretch", "synced_clock", "topology", "transfer", "urgency", "windowed_sinc"),
    )
)
# What a pure core is told instead of asking for it, and what only a shell may hold.
AMBIENT = {
    *("asyncio", "aiohttp", "aioice", "aiortc", "av", "multiprocessing", "secrets", "select"),
    *("signal", "socket", "sounddevice", "ssl", "subprocess", "threading", "time"),
}
# A type in a signature is no source of chance: what is drawn from is handed in.
CHANCE = re.compile(r"\brandom\.(?!Random\b)\w+|\bRandom\(\)|\bos\.(?!fsencode|fsdecode)\w+")


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports anywhere; of this package as paths from its root."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name.removeprefix("unisono.").replace(".", "/") for name in found if name.startswith("unisono.")}
    return {name for name in ours if name in MODULES} | {
        name.partition(".")[0] for name in found if not name.startswith("unisono")
    }


@pytest.mark.parametrize("name", [*SERVER_PURE, *PEER_PURE])
def test_a_pure_core_reads_no_clock_no_chance_and_no_socket(name: str) -> None:
    path = MODULES[name]
    assert not imports_of(path) & AMBIENT
    assert not CHANCE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SERVER_PURE)
def test_a_pure_core_of_the_server_imports_no_shell(name: str) -> None:
    assert imports_of(MODULES[name]) & MODULES.keys() <= set(SERVER_PURE)


@pytest.mark.parametrize("name", PEER_PURE)
def test_a_pure_core_of_the_peer_imports_no_shell(name: str) -> None:
    # Of peer/ambient only the types of clock and chance.
    allowed = {*SERVER_PURE, *PEER_PURE, "peer/ambient"}
    ours = {each for each in imports_of(MODULES[name]) & MODULES.keys() if "/constants/" not in each}
    assert ours <= allowed


def test_the_server_stands_without_the_peer() -> None:
    """`unisono join` is the one way in: the extra may be missing."""
    into_peer = {
        name
        for name, path in MODULES.items()
        if not name.startswith("peer/") and any(each.startswith("peer/") for each in imports_of(path))
    }
    assert into_peer == {"join_options"}


def test_no_modules_import_each_other() -> None:
    graph = {name: imports_of(path) & MODULES.keys() for name, path in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def test_every_rule_that_the_peer_claims_has_a_test_in_its_language() -> None:
    """A test of the page's says nothing of the headless peer."""
    root = SRC.parents[1]
    spec = "".join(page.read_text(encoding="utf-8") for page in (root / "docs/spec").glob("*.md"))
    rules = set(re.findall(r"^- \*\*([A-Z]+\d+)\*\*", spec, re.MULTILINE))
    claims = {
        rule
        for name, path in MODULES.items()
        if name.startswith("peer/") and not name.startswith("peer/constants/")
        for rule in re.findall(r"\b([A-Z]{1,2}\d+)\b", path.read_text(encoding="utf-8"))
    }
    tests = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("*.py"))
    assert len(claims & rules) > 30
    assert {rule for rule in claims & rules if f"[{rule}]" not in tests} == set()


def test_a_core_that_reads_the_time_is_found(tmp_path: Path) -> None:
    core = tmp_path / "core.py"
    core.write_text("from time import monotonic\n", encoding="utf-8")
    assert imports_of(core) & AMBIENT == {"time"}
    assert CHANCE.search("random.uniform(0, 1)")
    assert not CHANCE.search("chance: random.Random")


def test_neither_the_laboratory_nor_a_benchmark_imports_a_test() -> None:
    root = SRC.parents[1]
    files = [*(root / "lab").rglob("*.py"), *(root / "bench").rglob("*.py")]
    assert len(files) > 40
    assert [path for path in files if "tests" in imports_of(path)] == []
