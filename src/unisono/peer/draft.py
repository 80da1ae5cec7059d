"""The ids of drafts, the files that their owners still read, as in web/src/transfer/core/draft.ts. Pure.

A headless peer takes no drafts (S55); it knows their ids by their proofs, and asks for no file of such an id.
"""

from __future__ import annotations

import hashlib

import msgspec

from unisono.peer.ctl import ListedFile

# 16 bytes in base64url.
NONCE_CHARS = 22


def draft_id_of(owner: str, size_bytes: int, nonce: str) -> str:
    named = {"draft": 1, "owner": owner, "size": size_bytes, "nonce": nonce}
    return hashlib.sha256(msgspec.json.encode(named)).hexdigest()


def is_draft_of(owner: str, entry: ListedFile) -> bool:
    """Whether it proves that its id is a draft's of this owner, for which no manifest can ever be shown."""
    if entry.draft is msgspec.UNSET or not entry.is_own or len(entry.draft) != NONCE_CHARS:
        return False
    return draft_id_of(owner, entry.size_bytes, entry.draft) == entry.file_id
