"""`python -m unisono.workers START serve OPTION …`: what the supervisor runs. Not for people.

Options, environment and files are read anew, so that a worker that is started again takes up a renewed
certificate or TURN secret, and after an upgrade of the package the new version.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import msgspec

from unisono.cli import EXIT_CANNOT_START, EXIT_OK, make_parser, read_config
from unisono.config import Config
from unisono.errors import StartError
from unisono.event_loop import loop_factory
from unisono.log import start_logging
from unisono.workers.channel import Start
from unisono.workers.worker import Worker


def main(argv: list[str]) -> int:
    # Whoever reloads sends it to the supervisor, and some send it to the whole group.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    start = msgspec.json.decode(argv[0], type=Start)
    try:
        config = read_config(vars(make_parser().parse_args(argv[1:])), os.environ)
        start_logging(config.log_format)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_run(start, config))
    except StartError as failure:
        print(f"unisono: {failure.sentence}", file=sys.stderr)
        return EXIT_CANNOT_START
    return EXIT_OK


async def _run(start: Start, config: Config) -> None:
    await Worker(start, config).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
