"""Counts for operators, in the Prometheus text format. No swarm id, no address: only how many and how much.

Knows no clock. `/metrics` has its own bind, so that it is never public by accident.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Metrics:
    """What this process has seen since its start."""

    connections: int = 0
    messages_received: Counter[str] = field(default_factory=Counter)
    received_bytes: int = 0
    sent_bytes: int = 0
    closes: Counter[str] = field(default_factory=Counter)

    def render(self, swarms: int, members: int, version: str) -> str:
        lines = [
            *_family("unisono_build_info", "gauge", "The version that runs.", {f'version="{version}"': 1}),
            *_family("unisono_connections", "gauge", "Open control connections.", {"": self.connections}),
            *_family("unisono_swarms", "gauge", "Swarms with at least one member.", {"": swarms}),
            *_family(
                "unisono_members", "gauge", "Members of all swarms, those away included.", {"": members}
            ),
            *_family(
                "unisono_messages_received_total",
                "counter",
                "Control messages by type.",
                {f'type="{kind}"': count for kind, count in sorted(self.messages_received.items())},
            ),
            *_family(
                "unisono_received_bytes_total",
                "counter",
                "Bytes of control frames.",
                {"": self.received_bytes},
            ),
            *_family(
                "unisono_sent_bytes_total", "counter", "Bytes of control frames.", {"": self.sent_bytes}
            ),
            *_family(
                "unisono_closes_total",
                "counter",
                "Ended control connections by reason.",
                {f'reason="{reason}"': count for reason, count in sorted(self.closes.items())},
            ),
        ]
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, words: str, values: dict[str, int]) -> list[str]:
    samples = [
        f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in values.items()
    ]
    return [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *samples]
