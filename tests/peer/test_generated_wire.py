"""The page parses what peers say in JSON by what is written from this peer's messages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta, inspect

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_peer_wire", ROOT / "scripts/gen_peer_wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_messages_of_now(generator: ModuleType) -> None:
    for name, content in generator.render().items():
        assert (ROOT / name).read_text(encoding="utf-8") == content, f"{name}: run `make generate`"


@pytest.mark.parametrize(
    "field",
    [
        float,
        int,
        str,
        list[int],
        Annotated[int, Meta(ge=0)],
        Annotated[str, Meta(pattern="^a$")],
        dict[str, int],
    ],
    ids=str,
)
def test_a_field_without_a_cap_or_of_an_unknown_kind_is_refused(generator: ModuleType, field: object) -> None:
    struct = msgspec.defstruct("New", [("field", field)])
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    with pytest.raises(TypeError):
        generator.schema(described.fields[0].type)
