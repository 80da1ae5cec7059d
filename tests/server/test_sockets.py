"""How many sockets may be open: in all, and of one address while they are no control channels."""

from __future__ import annotations

from unisono.config import Limits
from unisono.sockets import RESERVED_FILES, SocketBudget, fit_to_open_files

SEC_US = 1_000_000


def test_with_few_open_files_fewer_connections_are_let_in() -> None:
    limits = fit_to_open_files(Limits(), 1024)
    assert limits.max_connections < 1024 - RESERVED_FILES
    assert limits.full_connections < limits.max_connections
    assert fit_to_open_files(Limits(), 100_000) == Limits()


def test_accepting_stops_before_the_last_descriptor() -> None:
    budget = SocketBudget(Limits(), 1024)
    stays = [budget.accepted(f"192.0.2.{number % 250}") for number in range(1024)]
    assert sum(stays) == 1024 - RESERVED_FILES == budget.most
    for number in range(1024):
        budget.closed(f"192.0.2.{number % 250}", was_upgraded=False)
    assert budget.open == 0
    assert budget.accepted("192.0.2.1")


def test_one_address_holds_a_part_only_and_a_proxy_speaks_for_many() -> None:
    budget = SocketBudget(Limits(), 1024)
    assert sum(budget.accepted("192.0.2.1") for _ in range(400)) < 300
    assert budget.accepted("192.0.2.2")
    assert all(budget.accepted(None) for _ in range(400))


def test_a_control_channel_is_no_plain_socket_any_more() -> None:
    limits = Limits(connections_per_address=10)
    budget = SocketBudget(limits, 100_000)
    for _ in range(limits.plain_sockets_per_address):
        assert budget.accepted("192.0.2.1")
        budget.upgraded("192.0.2.1")
    assert budget.accepted("192.0.2.1")
    budget.closed("192.0.2.1", was_upgraded=True)
    assert budget.open == limits.plain_sockets_per_address


def test_the_log_hears_of_it_now_and_then() -> None:
    budget = SocketBudget(Limits(), 1024)
    assert [budget.is_warning_due(number * SEC_US) for number in range(21)].count(True) == 3
