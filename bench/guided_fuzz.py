"""The server's parsers under a fuzzer that coverage guides: `python -m bench.guided_fuzz --inputs 1000000`.

Atheris (libFuzzer) mutates the frames of bench/fuzz.py towards code not seen yet. The exit code is 0 after so
many inputs, and another one at the first that raises, takes 5 s or 512 MiB; libFuzzer prints that input.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["unisono"]):
    from bench.fuzz import feed, seeds
    from unisono.protocol import MAX_FRAME_BYTES

MEMORY_LIMIT_BYTES = 512 * 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.guided_fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    options = parser.parse_args()
    # libFuzzer's own limit counts what the process was before it became this one.
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    with tempfile.TemporaryDirectory(prefix="unisono-fuzz-") as corpus:
        for number, frame in enumerate(seeds()):
            (Path(corpus) / f"seed{number}").write_bytes(frame)
        bounds = [
            f"-atheris_runs={options.inputs}",
            f"-max_len={MAX_FRAME_BYTES}",
            "-timeout=5",
            "-rss_limit_mb=0",
            f"-artifact_prefix={corpus}/",
        ]
        atheris.Setup([sys.argv[0], *bounds, corpus], feed)
        atheris.Fuzz()  # ends the process


if __name__ == "__main__":
    main()
