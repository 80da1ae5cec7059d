"""All benchmarks in turn (`make bench`), each as its own process, with what each printed as the summary."""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    ("bench.join", "--runs", "5"),
    ("bench.clock", "--hours", "50"),
    ("bench.swarm",),
    ("bench.uplink",),
    ("bench.chaos", "--runs", "20000"),
    ("bench.fuzz", "--inputs", "1000000"),
    ("bench.speakers", "--seats", "cccc", "--runs", "5", "--snapcast"),
    ("bench.speakers", "--seats", "cccc", "--runs", "3", "--condition", "harsh"),
    ("bench.speakers", "--seats", "ccff", "--runs", "3"),
    ("bench.speakers", "--seats", "cccccccc", "--runs", "3"),
)


def main() -> int:
    failed = []
    for bench in BENCHES:
        print(f"\n=== python -m {' '.join(bench)}", flush=True)
        if subprocess.run([sys.executable, "-m", *bench], check=False).returncode != 0:
            failed.append(" ".join(bench))
    for name in failed:
        print(f"FAILED: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
