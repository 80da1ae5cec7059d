"""Each headline number of Unisono, one command each: `python -m bench.speakers`, or all with `make bench`."""
