"""What both languages share is written from one file, and nobody writes it a second time."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DEFINITION = re.compile(r"^(?:export )?(?:const )?([A-Z][A-Z0-9_]+)(?:: [^=\n]+)? = ", re.MULTILINE)
SCRIPT = ROOT / "scripts" / "gen_constants.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_constants", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_no_generated_file_is_stale(generator: ModuleType) -> None:
    for name, content in generator.render().items():
        assert (ROOT / name).read_text(encoding="utf-8") == content, f"{name}: run `make generate`"


def test_nobody_defines_a_shared_constant_again(generator: ModuleType) -> None:
    """Under the same name, in either language: it would drift from the one that is shared."""
    spec = (ROOT / generator.SPEC).read_text(encoding="utf-8")
    shared = {one.name for section in generator.read_constants(spec).values() for one in section}
    assert len(shared) > 100
    generated = {ROOT / name for name in generator.render()}
    sources = [*(ROOT / "web/src").rglob("*.ts"), *(ROOT / "src/unisono/peer").rglob("*.py")]
    again = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources
        if path not in generated and ".test." not in path.name
        for name in DEFINITION.findall(path.read_text(encoding="utf-8"))
        if name in shared
    }
    assert again == {
        # The file store's own, for the mark that a page lives; nothing to do with the director's.
        "web/src/transfer/store/open-store.ts: HEARTBEAT_PERIOD_MS",
    }


def test_both_languages_read_the_same_number_and_the_reason(generator: ModuleType) -> None:
    text = "[clock]\n# Why,\n# in two lines.\nA_MS = 1_500.0\n\nB = 7\n"
    constants = generator.read_constants(text)["clock"]
    assert "/** Why, in two lines. */\nexport const A_MS = 1_500;\nexport const B = 7;" in (
        generator.render_typescript(constants)
    )
    assert "# Why, in two lines.\nA_MS = 1_500.0\nB = 7" in generator.render_python("clock", constants)


@pytest.mark.parametrize("line", ["a = 1", "A = [1, 2]", "A = 'b' # c", "A=1"])
def test_a_line_of_no_known_kind_is_refused(generator: ModuleType, line: str) -> None:
    with pytest.raises(ValueError, match=r"line 2|Expected|Invalid"):
        generator.read_constants(f"[clock]\n{line}\n")
