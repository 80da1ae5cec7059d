"""The files drawn from the protocol say what the protocol says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from generated import stale_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_protocol", ROOT / "scripts" / "gen_protocol.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_generated_file_is_stale(generator: ModuleType) -> None:
    assert stale_files(generator.render()) == [], "run `make generate`"


def test_a_changed_file_is_noticed(generator: ModuleType, tmp_path: Path) -> None:
    rendered = generator.render()
    for name, content in rendered.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    assert stale_files(rendered, tmp_path) == []
    (tmp_path / "docs/protocol.md").write_text("edited by hand", encoding="utf-8")
    assert stale_files(rendered, tmp_path) == ["docs/protocol.md"]


def test_no_description_depends_on_how_its_docstring_is_laid_out(generator: ModuleType) -> None:
    """msgspec 0.22 hands a docstring's indentation on, 0.23 takes it away."""
    described = [
        component["description"]
        for component in json.loads(generator.render_schema())["$defs"].values()
        if "description" in component
    ]
    assert len(described) > 10
    assert [text for text in described if "\n" in text or "  " in text] == []


def test_every_reference_in_the_schema_leads_somewhere(generator: ModuleType) -> None:
    schema = json.loads(generator.render_schema())

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [str(node["$ref"])] if "$ref" in node else []
            return own + [ref for value in node.values() for ref in references(value)]
        if isinstance(node, list):
            return [ref for value in node for ref in references(value)]
        return []

    found = references(schema)
    assert found
    assert all(ref.removeprefix("#/$defs/") in schema["$defs"] for ref in found)
