"""The `unisono` command, also as `python -m unisono`."""

import sys


def main() -> int:
    """Ctrl-C while its packages are loaded, which may take seconds, ends it without a word."""
    try:
        from unisono.cli import main as run  # noqa: PLC0415

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


# As shells say it of a command that Ctrl-C ended.
INTERRUPTED = 130

if __name__ == "__main__":
    sys.exit(main())
