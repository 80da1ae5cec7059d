"""What travels with a file's manifest, one byte string in each slot, the same on every peer. Pure; local ms.

Of two different ones the lexicographically smaller stays, whoever wrote it; who has it tells those who have
another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from unisono.peer import ctl
from unisono.peer.constants.transfer import INDEX_VERSION, MAX_ANNOTATION_BYTES, MAX_INDEX_BYTES
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.errors import WireError
from unisono.peer.file_state import AnnotationSlot, Effect, Neighbour, SendCtl
from unisono.peer.known_files import KnownFiles

MAX_BYTES: Mapping[AnnotationSlot, int] = {"annotation": MAX_ANNOTATION_BYTES, "index": MAX_INDEX_BYTES}
# An index may fill a control message, and others want the channel too.
INDEX_PERIOD_MS = 1_000.0


def is_index_like(index: bytes) -> bool:
    """Whether it may be a sound index. A headless peer hands it on; pages part with who sends others."""
    return len(index) > 1 and index[0] == INDEX_VERSION


class Annotations:
    """`accepts`: whether one makes sense; the same on every peer."""

    def __init__(
        self,
        known: KnownFiles,
        accepts: Mapping[AnnotationSlot, Callable[[bytes], bool]],
        emit: Callable[[Effect], None],
    ) -> None:
        self._known = known
        self._accepts = accepts
        self._emit = emit

    def set(self, slot: AnnotationSlot, file_id: str, annotation: bytes) -> None:
        """Raises ValueError for one that others would not take."""
        if not 1 <= len(annotation) <= MAX_BYTES[slot]:
            raise ValueError(f"{slot} of {len(annotation)} bytes")
        file = self._known.get(file_id)
        if file is not None:
            file.merge_annotation(slot, annotation)

    def take(
        self, neighbour: Neighbour, slot: AnnotationSlot, file_id: str, text: str
    ) -> ctl.DropReason | None:
        """A neighbour's; why it must go, if so."""
        try:
            annotation = decode_base64url(text)
        except WireError:
            return "malformed"
        if not 1 <= len(annotation) <= MAX_BYTES[slot] or not self._accepts[slot](annotation):
            return "malformed"
        file = self._known.get(file_id)
        if file is not None:  # annotations on files that nobody lists would fill memory
            file.merge_annotation(slot, annotation)
            is_kept = annotation == file.annotations[slot]
            neighbour.annotations[slot, file_id] = annotation if is_kept else b""
        return None

    def tell(self, neighbour: Neighbour, local_ms: float) -> None:
        """S44. One a tick, and one index a second; the playing or prepared file's first."""
        files = sorted(self._known.by_id.values(), key=lambda file: self._known.turn_of(file.file_id))
        due = neighbour.next_annotation("annotation", files)
        if due is not None:
            self._emit(SendCtl(neighbour.user_id, ctl.Annotation(due[0], encode_base64url(due[1]))))
        if local_ms - neighbour.index_told_local_ms < INDEX_PERIOD_MS:
            return
        due = neighbour.next_annotation("index", files)
        if due is not None:
            neighbour.index_told_local_ms = local_ms
            self._emit(SendCtl(neighbour.user_id, ctl.Index(due[0], encode_base64url(due[1]))))
