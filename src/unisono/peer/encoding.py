"""Bytes in base64url without padding, as bodies and keys travel. Pure."""

from __future__ import annotations

import base64
import re

from unisono.admission import encode_base64url
from unisono.peer.errors import WireError

__all__ = ["decode_base64url", "encode_base64url"]

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")


def decode_base64url(text: str) -> bytes:
    """Raises `WireError` wire-malformed."""
    if not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise WireError("wire-malformed", "not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
