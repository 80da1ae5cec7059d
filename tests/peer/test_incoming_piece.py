"""What a headless peer keeps of a piece that comes in."""

from __future__ import annotations

import random
import tracemalloc

from tests.peer.dice import Dice
from tests.peer.manifests import make_manifest
from unisono.peer import ctl
from unisono.peer.constants.transfer import CTL_VERSION
from unisono.peer.file_state import Store
from unisono.peer.transfer import Transfer

ADA, BO = "a" * 32, "b" * 32


def test_a_piece_in_many_small_chunks_takes_no_more_than_the_piece() -> None:
    """Nor does half of it: what a neighbour makes this peer keep is what was asked for."""
    content = random.Random(1).randbytes(65_536)
    manifest = make_manifest(content)
    core = Transfer(BO, Dice(1), 2**30, lambda _: True)
    core.link_opened(ADA, 0)
    piece_map = "gA"
    listed = ctl.ListedFile(3, manifest.file_id, "x", 65_536, 65_536, is_own=True, is_whole=True)
    for message in (
        ctl.Hello(CTL_VERSION, ""),
        ctl.Catalog([listed]),
        ctl.BitfieldMessage(manifest.file_id, piece_map),
        ctl.ManifestMessage(manifest.file_id, 65_536, manifest.encoded_hashes),
    ):
        core.receive(ADA, message, 0)
    [owed] = core._neighbours[ADA].owed.values()
    tracemalloc.start()
    for at in range(60_000):
        core.receive_chunk(
            ADA, ctl.parse_chunk(ctl.encode_chunk(ctl.Chunk(3, 0, at, content[at : at + 1]))), 0
        )
    taken_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bytes(owed.content) == content[:60_000]
    assert taken_bytes < 2 * 65_536
    effects = core.receive_chunk(ADA, ctl.Chunk(3, 0, 60_000, content[60_000:]), 0)
    [stored] = [each for each in effects if isinstance(each, Store)]
    assert stored.data == content
