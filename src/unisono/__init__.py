"""Unisono: phones in one room become one loudspeaker. This package is the server that introduces them and
keeps time.
"""

__version__ = "0.1.0"
