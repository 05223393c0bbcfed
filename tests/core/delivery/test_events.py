"""Which report counts."""

from __future__ import annotations

from newsletter.core.delivery.events import outranks


def test_reports_move_a_delivery_upwards_only() -> None:
    order = ["ACCEPTED", "DELIVERED", "BOUNCED", "COMPLAINED"]
    for reported in order:
        for current in order:
            assert outranks(reported, current) == (order.index(reported) > order.index(current))
    assert outranks("DELIVERED", "AMBIGUOUS")
    assert not outranks("nonsense", "ACCEPTED")
