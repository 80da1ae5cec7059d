"""Constants in common with the page, written from spec/constants.toml."""
