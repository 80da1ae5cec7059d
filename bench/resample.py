"""What resampling leaves of a tone, and what it costs: `python -m bench.resample`.

Conversion between sample rates and the segment renderer in Node, beside the renderer before decision 0038.
The figures come from web/bench/resample.ts. Costs are of this machine; their ratios say more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

from bench.report import print_table, save

WEB = Path(__file__).parents[1] / "web"
NODE = WEB.parent / ".venv/bin/node"


def main() -> None:
    argparse.ArgumentParser(prog="bench.resample", description="Tones after resampling.").parse_args()
    command = [
        *(str(NODE), "--experimental-transform-types", "--disable-warning=ExperimentalWarning"),
        "bench/resample.ts",
    ]
    run = subprocess.run(command, cwd=WEB, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    tones = [f"{round(hz / 1000)} kHz" for hz in found["tonesHz"]]
    print_table(
        "Conversions: largest ripple to 20 kHz, signal to noise of tones, loudest of what should be gone; dB",
        ["rates", "ripple", *tones, "stopband"],
        [
            [
                f"{each['fromRate']} to {each['toRate']}",
                each["rippleDb"],
                *each["snrDb"],
                "-" if each["stopbandDb"] is None else each["stopbandDb"],
            ]
            for each in found["conversions"]
        ],
    )
    print_table(
        "Renderer, bent by 500 ppm: ripple of these tones, signal to noise (5th percentile of 50 ms); dB",
        ["renderer", "ripple", *tones],
        [[name, each["rippleDb"], *each["p5Db"]] for name, each in found["renderer"].items()],
    )
    costs_ms = found["cpuMsPerMinute"]
    before_ms = costs_ms["renderer before"]
    print_table(
        "CPU for a minute of stereo, ms, and as a multiple of the renderer before",
        ["work", "ms", "ratio"],
        [[name, float(ms), ms / before_ms] for name, ms in costs_ms.items()],
    )
    both = (costs_ms["renderer"] + costs_ms["44100 to 48000"]) / before_ms
    print(f"Converting 44.1 to 48 kHz and rendering: {both:.2f} times the renderer before")
    save("resample", {**found, "convertAndRenderRatio": both})


if __name__ == "__main__":
    main()
