"""The error tree of the server. Every error has a stable code.

UnisonoError
├── StartError   the command ends with one sentence and exit code 2
│                bad-option · port-in-use · address-unavailable · tls-incomplete · tls-unreadable ·
│                turn-incomplete · secret-unreadable · workers-unavailable · worker-failed ·
│                extra-missing · output-unavailable · no-folder · not-joined
└── PeerError    one connection is closed with a reason and nobody else notices
                 the codes of `protocol.ErrorCode`
"""

from __future__ import annotations

from typing import Literal

from unisono.protocol import ErrorCode

StartErrorCode = Literal[
    "bad-option",
    "port-in-use",
    "address-unavailable",
    "tls-incomplete",
    "tls-unreadable",
    "turn-incomplete",
    "secret-unreadable",
    "workers-unavailable",
    "worker-failed",
    "extra-missing",
    "output-unavailable",
    "no-folder",
    "not-joined",
]


class UnisonoError(Exception):
    """The root: whatever this server raises on purpose."""


class StartError(UnisonoError):
    """The server cannot start. The message is one sentence for the person at the terminal."""

    def __init__(self, code: StartErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class PeerError(UnisonoError):
    """One peer broke a rule or a limit. The detail goes to that peer and never holds anything it sent."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail
