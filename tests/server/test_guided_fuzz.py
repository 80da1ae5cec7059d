"""The server's parsers hold against inputs that coverage chose; more: `python -m bench.guided_fuzz`."""

import subprocess
import sys

import pytest

INPUTS = 100_000


def test_no_input_found_by_coverage_breaks_a_parser() -> None:
    pytest.importorskip("atheris", reason="no wheel of atheris for this Python")
    command = [sys.executable, "-m", "bench.guided_fuzz", "--inputs", str(INPUTS)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr[-4000:]
    assert f"Done {INPUTS} " in outcome.stderr
    coverage = [
        int(line.split("cov: ")[1].split()[0]) for line in outcome.stderr.splitlines() if "cov: " in line
    ]
    print(f"edges covered: {coverage[0]} by the seeds, {coverage[-1]} in the end")
    assert coverage[-1] > coverage[0]
