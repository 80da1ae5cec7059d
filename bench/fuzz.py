"""Every parser of both sides with a million inputs or more: `python -m bench.fuzz --inputs 1000000`.

The page's parsers are fed by web/src/fuzz.test.ts, this server's here: valid frames, cut, spliced and flipped
from a seed, go through the decoder and, as joins, through the admission check (bench/guided_fuzz.py lets
coverage choose them instead). What is raised and not expected ends the run and names its seed. Memory is
printed at the end: it must not grow with the inputs.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from bench.report import print_table, save
from unisono.admission import check_join
from unisono.errors import PeerError
from unisono.network import client_address, is_allowed_origin
from unisono.protocol import NOT_A_MESSAGE, Join, Refusal, decode_client, encode_server, has_other_version
from unisono.stun import build_answer, parse_request

WEB = Path(__file__).parents[1] / "web"
VECTORS = Path(__file__).parents[1] / "vectors"
PAGE_PARSERS = 14
KIB = 1024


def seeds() -> list[bytes]:
    join = json.loads((VECTORS / "join.json").read_text())["join"]
    frames = [
        join,
        {"type": "ping", "id": 1, "t0": 12.5},
        {"type": "relay", "to": "a" * 32, "body": "AAAA"},
        {"type": "relay", "body": "c2VhbGVk"},
        {"type": "leave"},
    ]
    binding = bytes.fromhex("000100002112a442") + bytes(range(12))
    return [*(msgspec.json.encode(frame) for frame in frames), binding]


def mutated(seed_frames: list[bytes], chance: random.Random) -> bytes:
    """Cuts, splices, flips and repeats; now and then, noise alone."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(300))
    data = bytearray(chance.choice(seed_frames))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + chance.randrange(8)]
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randrange(8))
        else:
            data[at:at] = chance.choice(seed_frames)[chance.randrange(20) :]
    return bytes(data)


def feed(data: bytes) -> None:
    """All of the server that looks at bytes of strangers. Raises only when something is wrong."""
    try:
        message = decode_client(data)
    except NOT_A_MESSAGE:
        has_other_version(data)
    else:
        if isinstance(message, Join):
            try:
                check_join(message, bytes(32), None)
            except PeerError as refusal:
                encode_server(Refusal(code=refusal.code, message=refusal.detail))
    text = data.decode("latin-1")
    client_address("127.0.0.1", [text], ())
    is_allowed_origin(text, text, text, (text,))
    request = parse_request(data)
    if request is not None:
        build_answer(request, ipaddress.IPv4Address("192.0.2.1"), 1)


def fuzz_server(inputs: int, first_seed: int) -> float:
    frames, began_sec = seeds(), time.monotonic()
    for seed in range(first_seed, first_seed + inputs):
        data = mutated(frames, random.Random(seed))
        try:
            feed(data)
        except Exception:
            print(f"server, seed {seed}: {data!r}", file=sys.stderr)
            raise
    return time.monotonic() - began_sec


def fuzz_page(inputs_each: int) -> float:
    began_sec = time.monotonic()
    command = ["../.venv/bin/node", "node_modules/vitest/vitest.mjs", "run", "src/fuzz.test.ts"]
    environment = {**os.environ, "UNISONO_FUZZ_INPUTS": str(inputs_each)}
    subprocess.run(command, cwd=WEB, env=environment, check=True)
    return time.monotonic() - began_sec


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all, half of them for the page")
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args()
    half = options.inputs // 2
    server_sec = fuzz_server(half, options.first_seed)
    page_inputs = -(-half // PAGE_PARSERS)
    page_sec = fuzz_page(page_inputs)
    memory_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = [
        ["server", half, round(server_sec, 1)],
        ["page", page_inputs * PAGE_PARSERS, round(page_sec, 1)],
    ]
    print_table("Inputs that no parser failed on", ["side", "inputs", "s"], rows)
    print(f"memory of the server's part: {memory_kib / KIB:.0f} MiB at most")
    save("fuzz", {"firstSeed": options.first_seed, "rows": rows, "memoryKib": memory_kib})
    return 0


if __name__ == "__main__":
    sys.exit(main())
