"""Writes how the page parses what peers say in JSON: the messages of the data channel, and the signals.

They are defined once, in src/unisono/peer/ctl.py and signal.py; `--check` only says which file is stale. The
script knows the shapes that those messages use and refuses others, so that a new kind of field is a decision.
"""

from __future__ import annotations

import sys
import textwrap
from typing import get_args

import msgspec
from msgspec import inspect

from generated import main
from unisono.peer import ctl, signal

UNSET = inspect.type_info(msgspec.UnsetType)
NONE = inspect.type_info(type(None))
COMMENT_WIDTH = 124

# What schemas are made of; each file gets those that it uses.
IMPORTS = {
    "fileId": 'import { type FileId, isFileId } from "../lib/index.ts";',
}
HELPERS = {
    "fileId": 'const fileId = v.custom<FileId>((value) => typeof value === "string" && isFileId(value));',
    "session": "const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));",
    "whole": """\
const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));""",
    "text": "const text = (maxChars: number) => v.pipe(v.string(), v.maxLength(maxChars));",
    "base64url": """\
const base64url = (maxChars: number) => v.pipe(text(maxChars), v.regex(/^[A-Za-z0-9_-]*$/));""",
    "exactBase64url": """\
/** Of whole bytes, to the letter: no number of letters that no bytes have. */
const exactBase64url = (maxChars: number) =>
  v.pipe(text(maxChars), v.regex(/^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2,3})?$/));""",
}
PATTERNED = {ctl.FILE_ID_PATTERN: "fileId", signal.SESSION_PATTERN: "session"}
TEXTS = {None: "text", ctl.BASE64URL_PATTERN: "base64url", ctl.EXACT_BASE64URL_PATTERN: "exactBase64url"}


def schema(described: inspect.Type) -> str:  # noqa: PLR0911 - one shape after the other
    """The valibot schema of one field. Raises `TypeError` for a shape that no message has yet."""
    match described:
        case inspect.Metadata():
            return schema(described.type)
        case inspect.BoolType():
            return "v.boolean()"
        case inspect.IntType(ge=int(least), le=int(most)):
            return f"whole({least}, {most})"
        case inspect.StrType(pattern=pattern) if pattern in PATTERNED:
            return PATTERNED[pattern]
        case inspect.StrType(max_length=int(most), pattern=pattern) if pattern in TEXTS:
            return f"{TEXTS[pattern]}({most})"
        case inspect.ListType(max_length=int(most)):
            return f"v.pipe(v.array({schema(described.item_type)}), v.maxLength({most}))"
        case inspect.StructType():
            return lower_first(described.cls.__name__)
        case inspect.UnionType():
            given = [each for each in described.types if each not in (UNSET, NONE)]
            if len(given) == 1:
                own = schema(given[0])
                return f"v.nullable({own})" if NONE in described.types else own
    raise TypeError(f"no rule for {described}")


def field_schema(member: inspect.Field) -> str:
    """With whether it may be missing: where None may stand for it, undefined may not."""
    own = schema(member.type)
    if member.required:
        return own
    return f"v.exactOptional({own})" if own.startswith("v.nullable(") else f"v.optional({own})"


def lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


def struct_type(struct: type[msgspec.Struct]) -> inspect.StructType:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType), struct
    return described


def parts(messages: list[inspect.StructType]) -> list[inspect.StructType]:
    """The structs that messages hold, each once, in the order they are met."""
    found: dict[str, inspect.StructType] = {}

    def look(described: inspect.Type) -> None:
        match described:
            case inspect.Metadata():
                look(described.type)
            case inspect.ListType():
                look(described.item_type)
            case inspect.UnionType():
                for each in described.types:
                    look(each)
            case inspect.StructType():
                found.setdefault(described.cls.__name__, described)

    for message in messages:
        for member in message.fields:
            look(member.type)
    return list(found.values())


def render_object(described: inspect.StructType) -> str:
    lines = [f'  {described.tag_field}: v.literal("{described.tag}"),'] if described.tag else []
    for member in described.fields:
        own = field_schema(member)
        lines.append(
            f"  {member.encode_name}," if own == member.encode_name else f"  {member.encode_name}: {own},"
        )
    return "\n".join(["v.object({", *lines, "})"])


def comment(struct: type[msgspec.Struct], indent: str) -> str:
    said = " ".join((struct.__doc__ or "").split())
    if not said or said.startswith(f"{struct.__name__}("):
        return ""
    one = f"{indent}/** {said} */\n"
    if len(one) <= COMMENT_WIDTH:
        return one
    lines = textwrap.wrap(said, COMMENT_WIDTH - len(indent) - 3)
    return f"{indent}/**\n" + "".join(f"{indent} * {line}\n" for line in lines) + f"{indent} */\n"


def render_variants(name: str, union: object) -> str:
    """Schema and type of one union of messages, after those of the parts that they hold."""
    messages = [struct_type(message) for message in get_args(union)]
    out = []
    for part in parts(messages):
        own = part.cls.__name__
        out.append(f"{comment(part.cls, '')}const {lower_first(own)} = {render_object(part)};\n")
        out.append(f"export type {own} = v.InferOutput<typeof {lower_first(own)}>;\n")
    variants = "".join(
        comment(each.cls, "  ") + textwrap.indent(render_object(each), "  ") + ",\n" for each in messages
    )
    [tag_field] = {str(each.tag_field) for each in messages}
    schema_name = f"{lower_first(name)}Schema"
    out.append(f'export const {schema_name} = v.variant("{tag_field}", [\n{variants}]);\n')
    out.append(f"export type {name} = v.InferOutput<typeof {schema_name}>;\n")
    return "\n".join(out)


def render_file(source: str, body: str) -> str:
    """`body` with the notice, the imports and the helpers that it needs before it."""
    needed: list[str] = []
    text = body
    for helper in reversed(HELPERS):
        if f"{helper}(" in text or f" {helper}," in text or f"({helper})" in text:
            needed.insert(0, helper)
            text += HELPERS[helper]
    notice = f"// Generated by scripts/gen_peer_wire.py from {source}. Do not edit."
    imports = ['import * as v from "valibot";', *(IMPORTS[each] for each in needed if each in IMPORTS)]
    return "\n".join([notice, "", *imports, "", *(HELPERS[each] for each in needed), "", body])


def render() -> dict[str, str]:
    """Path from the root -> content."""
    numbered = (
        "\n/** What crosses the channel: a message and its running number. */\n"
        "export const numberedCtlSchema = v.object({\n"
        f"  seq: whole(0, {ctl.MAX_U32}),\n  message: ctlMessageSchema,\n}});\n"
    )
    ctl_body = render_variants("CtlMessage", ctl.CtlMessage) + numbered
    return {
        "web/src/protocol/ctl.gen.ts": render_file("src/unisono/peer/ctl.py", ctl_body),
        "web/src/protocol/signal.gen.ts": render_file(
            "src/unisono/peer/signal.py", render_variants("Signal", signal.Signal)
        ),
    }


if __name__ == "__main__":
    sys.exit(main(__doc__, render))
