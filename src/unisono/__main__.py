"""`python -m unisono` is the same as the `unisono` command."""

import sys

from unisono.cli import main

sys.exit(main())
